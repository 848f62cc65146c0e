import { fromHex, toHex } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteRangeOperation, putOperation } from '../protocol.js';
import { executeCommand } from './command-execution.js';
import { KvStore } from './kv-store.js';
import { encodeSnapshot, SnapshotDecoder } from './snapshot-codec.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A base version, a version in the history, a delete, two keyspaces. */
function example(): KvStore {
  const store = new KvStore();
  const put = (key: string, value: string, keyspace = 0): unknown =>
    executeCommand(store, { keyspace, operation: putOperation(utf8(key), utf8(value)) });
  put('a', 'old');
  put('a', 'kept');
  put('b', 'gone');
  executeCommand(store, { keyspace: 0, operation: { kind: 'compact', revision: 4 } });
  put('c', 'new', 300);
  executeCommand(store, { keyspace: 0, operation: deleteRangeOperation({ key: utf8('b'), end: undefined }) });
  return store;
}

function bytesOf(store: KvStore): Uint8Array {
  const contents = store.pinContents();
  const chunks = [...encodeSnapshot(contents)];
  store.unpin(contents.pin);
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

function load(bytes: Uint8Array, cuts: readonly number[] = []): KvStore {
  const decoder = new SnapshotDecoder();
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    decoder.push(bytes.subarray(from, cut));
    from = cut;
  }
  decoder.push(bytes.subarray(from));
  return decoder.finish();
}

const GOLDEN_V1 =
  '464c4b560106040102006103020200046b65707402020062040401000467' +
  '6f6e650204f9012c6305050100036e65770302006206000429a3d6ed';

test('format 1 is what it always was, and is read for ever', () => {
  expect(toHex(bytesOf(example()))).toBe(GOLDEN_V1);
  expect(toHex(bytesOf(load(fromHex(GOLDEN_V1))))).toBe(GOLDEN_V1);
});

test('a snapshot is read the same however it is cut into chunks', () => {
  const bytes = bytesOf(example());
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 20 }), (cuts) => {
      expect(toHex(bytesOf(load(bytes, cuts)))).toBe(GOLDEN_V1);
    }),
  );
});

test('a snapshot of which any byte is other, or that ends early or late, is refused', () => {
  const bytes = bytesOf(example());
  const refusal = (broken: Uint8Array): string => {
    try {
      load(broken);
      return 'taken';
    } catch (error) {
      if (isFlotillaError(error)) return error.code;
      throw error;
    }
  };
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 128]) {
      const broken = bytes.slice();
      broken[at] = broken[at]! ^ flip;
      expect(refusal(broken)).toBe(at === 4 ? 'IncompatibleVersion' : 'StorageCorrupt');
    }
    expect(refusal(bytes.subarray(0, at))).toBe('StorageCorrupt');
  }
  expect(refusal(Uint8Array.from([...bytes, 0]))).toBe('StorageCorrupt');
});

test('large states come in pieces of bounded size', () => {
  const store = new KvStore();
  for (let i = 0; i < 3000; i++) {
    executeCommand(store, { keyspace: 0, operation: putOperation(utf8(`k${i}`), new Uint8Array(1000)) });
  }
  const contents = store.pinContents();
  const sizes = [...encodeSnapshot(contents)].map(({ length }) => length);
  expect(sizes.length).toBeGreaterThan(20);
  expect(Math.max(...sizes)).toBeLessThan(140_000);
});
