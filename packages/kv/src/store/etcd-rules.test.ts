import { FlotillaError } from '@flotilla/errors';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  ALL_KEYS,
  checkCommand,
  type CommandAnswer,
  type Compare,
  deleteRangeOperation,
  type KeyRange,
  type Operation,
  prefixRange,
  putOperation,
  RANGE_END_OPEN,
  type RangeAnswer,
  type RangeOperation,
  rangeOperation,
  TXN_OPERATIONS_MAX,
  type TxnAnswer,
} from '../protocol.js';
import { KvStore } from './kv-store.js';
import { executeCommand } from './command-execution.js';

// The rules of etcd's v3 API that people and client libraries build upon, each by an example.

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const one = (key: string): KeyRange => ({ key: utf8(key), end: undefined });
const between = (key: string, end: string): KeyRange => ({ key: utf8(key), end: utf8(end) });
const compare = (
  key: string,
  target: Compare['target'],
  relation: Compare['relation'],
  operand: number | string,
  end?: string,
): Compare => ({
  key: utf8(key),
  end: end === undefined ? undefined : utf8(end),
  target,
  relation,
  operand: typeof operand === 'string' ? utf8(operand) : operand,
});
const txn = (compares: Compare[], success: Operation[], failure: Operation[] = []): Operation => ({
  kind: 'txn',
  compares,
  success,
  failure,
});

let store: KvStore;
beforeEach(() => {
  store = new KvStore();
});

function run(operation: Operation | { kind: 'compact'; revision: number }): CommandAnswer {
  const command = { keyspace: 1, operation };
  checkCommand(command);
  return executeCommand(store, command);
}
const put = (key: string, value: string = ''): number => run(putOperation(utf8(key), utf8(value))).revision;
const remove = (range: KeyRange): CommandAnswer => run(deleteRangeOperation(range));
function range(of: KeyRange, options: Partial<RangeOperation> = {}): RangeAnswer {
  return run(rangeOperation(of, options)).answer as RangeAnswer;
}
const keys = (of: KeyRange, options: Partial<RangeOperation> = {}): string[] =>
  range(of, options).kvs.map(({ key }) => text(key));

describe('revisions', () => {
  test('the empty store has revision 1, the first write makes 2', () => {
    expect(store.revision).toBe(1);
    expect(put('a')).toBe(2);
  });

  test('a transaction with any write adds exactly 1, and all its keys share it', () => {
    run(
      txn([], [putOperation(utf8('a'), utf8('')), putOperation(utf8('b'), utf8('')), deleteRangeOperation(one('c'))]),
    );
    expect(store.revision).toBe(2);
    expect(range(ALL_KEYS).kvs.map(({ modRevision }) => modRevision)).toEqual([2, 2]);
  });

  test('reads, failed transactions without writes and deletes of nothing add 0', () => {
    put('a');
    expect(run(rangeOperation(ALL_KEYS)).revision).toBe(2);
    expect(remove(one('nothing')).revision).toBe(2);
    expect(run(txn([compare('a', 'version', 'equal', 9)], [putOperation(utf8('a'), utf8(''))])).revision).toBe(2);
  });

  test('create revision stays, mod revision and version grow; a key made again begins at version 1', () => {
    put('a');
    put('b');
    put('a');
    expect(range(one('a')).kvs[0]).toMatchObject({ createRevision: 2, modRevision: 4, version: 2 });
    remove(one('a'));
    put('a');
    expect(range(one('a')).kvs[0]).toMatchObject({ createRevision: 6, modRevision: 6, version: 1 });
  });
});

describe('range', () => {
  beforeEach(() => {
    for (const key of ['a', 'b', 'b1', 'b2', 'c']) put(key, `value of ${key}`);
  });

  test('[key, end); one byte 0 as end: from key on; a 0 as both: all; ascending', () => {
    expect(keys(one('b'))).toEqual(['b']);
    expect(keys(between('b', 'c'))).toEqual(['b', 'b1', 'b2']);
    expect(keys({ key: utf8('b2'), end: RANGE_END_OPEN })).toEqual(['b2', 'c']);
    expect(keys(ALL_KEYS)).toEqual(['a', 'b', 'b1', 'b2', 'c']);
    expect(keys(prefixRange(utf8('b')))).toEqual(['b', 'b1', 'b2']);
    expect(keys(between('c', 'a'))).toEqual([]);
  });

  test('a range does not leave its keyspace', () => {
    executeCommand(store, { keyspace: 2, operation: putOperation(utf8('z'), utf8('')) });
    executeCommand(store, { keyspace: 300, operation: putOperation(utf8('y'), utf8('')) });
    expect(keys(ALL_KEYS)).toEqual(['a', 'b', 'b1', 'b2', 'c']);
    const other = executeCommand(store, { keyspace: 300, operation: rangeOperation(ALL_KEYS) });
    expect((other.answer as RangeAnswer).kvs.map(({ key }) => text(key))).toEqual(['y']);
  });

  test('limit cuts, more says so, count is the total regardless', () => {
    expect(range(ALL_KEYS, { limit: 2 })).toMatchObject({ count: 5, more: true, kvs: { length: 2 } });
    expect(range(ALL_KEYS, { limit: 5 })).toMatchObject({ count: 5, more: false });
    expect(range(ALL_KEYS, { limit: 2, count: 'returned' })).toMatchObject({ count: 2, more: true });
  });

  test('sorting comes before the limit; descending without a target sorts keys', () => {
    put('b');
    expect(keys(ALL_KEYS, { sortOrder: 'descend', limit: 2 })).toEqual(['c', 'b2']);
    expect(keys(ALL_KEYS, { sortTarget: 'mod', sortOrder: 'descend', limit: 1 })).toEqual(['b']);
    expect(keys(ALL_KEYS, { sortTarget: 'create', sortOrder: 'ascend', limit: 1 })).toEqual(['a']);
    expect(keys(ALL_KEYS, { sortTarget: 'version' })).toEqual(['a', 'b1', 'b2', 'c', 'b']);
    expect(keys(ALL_KEYS, { sortTarget: 'value', limit: 1 })).toEqual(['b']);
  });

  test('keys only leaves values out, count only leaves pairs out', () => {
    expect(range(one('a'), { keysOnly: true }).kvs[0]?.value.length).toBe(0);
    expect(range(ALL_KEYS, { countOnly: true })).toEqual({ kind: 'range', kvs: [], count: 5, more: false });
  });

  test('bounds of revisions filter what was found; the count stays', () => {
    expect(range(ALL_KEYS, { maxCreateRevision: 3 })).toMatchObject({ count: 5, kvs: { length: 2 }, more: false });
    expect(keys(ALL_KEYS, { minModRevision: 5 })).toEqual(['b2', 'c']);
  });

  test('a past revision shows the old state; below the compaction point and above the present it is refused', () => {
    put('a', 'new');
    remove(one('b'));
    expect(text(range(one('a'), { revision: 6 }).kvs[0]!.value)).toBe('value of a');
    expect(keys(ALL_KEYS, { revision: 7 })).toContain('b');
    run({ kind: 'compact', revision: 7 });
    expect(keys(ALL_KEYS, { revision: 7 })).toContain('b');
    expect(() => range(one('a'), { revision: 6 })).toThrow('Compacted');
    expect(() => range(one('a'), { revision: 9 })).toThrow('FutureRevision');
  });
});

describe('put and delete', () => {
  test('prev_kv gives the pair as it was', () => {
    put('a', 'old');
    expect(run(putOperation(utf8('a'), utf8('new'), { prevKv: true })).answer).toMatchObject({
      prevKv: { version: 1, value: utf8('old') },
    });
    expect(run(deleteRangeOperation(ALL_KEYS, { prevKv: true })).answer).toMatchObject({
      deleted: 1,
      prevKvs: [{ version: 2 }],
    });
  });

  test('ignore_value keeps the value of a key that exists, and refuses one that does not', () => {
    put('a', 'kept');
    run(putOperation(utf8('a'), new Uint8Array(0), { ignoreValue: true }));
    expect(range(one('a')).kvs[0]).toMatchObject({ version: 2, value: utf8('kept') });
    expect(() => run(putOperation(utf8('b'), new Uint8Array(0), { ignoreValue: true }))).toThrow('key not found');
    expect(() => run(putOperation(utf8('a'), utf8('x'), { ignoreValue: true }))).toThrow('value is provided');
    expect(store.revision).toBe(3);
  });

  test('the empty key and a lease that does not exist are refused', () => {
    expect(() => put('')).toThrow('key is not provided');
    expect(() => range(one(''))).toThrow('key is not provided');
    expect(() => run(putOperation(utf8('a'), utf8(''), { lease: 7 }))).toThrow('requested lease not found');
  });

  test('a delete of a range counts what it deleted, in one revision', () => {
    for (const key of ['a', 'b', 'c']) put(key);
    expect(remove(between('a', 'c'))).toMatchObject({ revision: 5, answer: { deleted: 2, prevKvs: [] } });
    expect(keys(ALL_KEYS)).toEqual(['c']);
  });
});

describe('transactions', () => {
  const succeeded = (...compares: Compare[]): boolean => (run(txn(compares, [])).answer as TxnAnswer).succeeded;

  test('compares look at version, create, mod and value, with =, !=, > and <', () => {
    put('a', 'x');
    put('a', 'y');
    expect(succeeded(compare('a', 'version', 'equal', 2), compare('a', 'create', 'less', 3))).toBe(true);
    expect(succeeded(compare('a', 'mod', 'greater', 2), compare('a', 'value', 'equal', 'y'))).toBe(true);
    expect(succeeded(compare('a', 'value', 'greater', 'x'), compare('a', 'value', 'notEqual', 'y'))).toBe(false);
  });

  test('what is missing compares as zeros, and a compare of its value does not hold', () => {
    expect(succeeded(compare('none', 'version', 'equal', 0), compare('none', 'create', 'less', 1))).toBe(true);
    for (const relation of ['equal', 'notEqual', 'greater', 'less'] as const) {
      expect(succeeded(compare('none', 'value', relation, ''))).toBe(false);
    }
  });

  test('over a range a compare must hold for every key', () => {
    put('a1');
    put('a2');
    put('a2');
    expect(succeeded(compare('a', 'version', 'greater', 0, 'b'))).toBe(true);
    expect(succeeded(compare('a', 'version', 'equal', 1, 'b'))).toBe(false);
    expect(succeeded(compare('x', 'version', 'equal', 0, 'y'))).toBe(true);
  });

  test('operations run in order, and reads see what was written before them in the same transaction', () => {
    const { answer } = run(
      txn(
        [],
        [
          rangeOperation(one('a')),
          putOperation(utf8('a'), utf8('x')),
          rangeOperation(one('a')),
          deleteRangeOperation(one('b')),
        ],
      ),
    );
    const counts = (answer as TxnAnswer).answers.map((member) => (member.kind === 'range' ? member.count : -1));
    expect(counts).toEqual([0, -1, 1, -1]);
  });

  test('compares of nested transactions see the state before the first operation', () => {
    const nested = txn(
      [compare('a', 'version', 'equal', 0)],
      [putOperation(utf8('b'), utf8('then'))],
      [putOperation(utf8('b'), utf8('else'))],
    );
    run(txn([], [putOperation(utf8('a'), utf8('')), nested]));
    expect(text(range(one('b')).kvs[0]!.value)).toBe('then');
  });

  test('two puts, or a put and a delete, of one key in one branch are refused; branches that exclude each other may share it', () => {
    const a = putOperation(utf8('a'), utf8(''));
    const refused = (...operations: Operation[]): void =>
      expect(() => run(txn([], operations))).toThrow('duplicate key');
    refused(a, a);
    refused(a, deleteRangeOperation(between('A', 'z')));
    refused(a, txn([], [a]));
    refused(a, txn([], [], [a]));
    refused(deleteRangeOperation(one('a')), txn([], [a]));
    expect(run(txn([], [txn([], [a], [a])], [a])).revision).toBe(2);
    expect(run(txn([], [a], [a])).revision).toBe(3);
  });

  test('more than 128 operations are refused, nested ones added to those around them', () => {
    const puts = Array.from({ length: TXN_OPERATIONS_MAX }, (_, i) => putOperation(utf8(`k${i}`), utf8('')));
    expect(run(txn([], puts)).revision).toBe(2);
    expect(() => run(txn([], [...puts, putOperation(utf8('z'), utf8(''))]))).toThrow('LimitExceeded');
    expect(() => run(txn([], [txn([], puts)]))).toThrow('LimitExceeded');
    expect(run(txn([], [txn([], puts.slice(1))])).revision).toBe(3);
  });

  test('one that fails half-way leaves nothing behind', () => {
    put('a', 'x');
    const keep = putOperation(utf8('missing'), new Uint8Array(0), { ignoreValue: true });
    expect(() => run(txn([], [putOperation(utf8('a'), utf8('y')), putOperation(utf8('b'), utf8('')), keep]))).toThrow(
      'key not found',
    );
    expect(() => run(txn([], [deleteRangeOperation(one('a')), rangeOperation(one('a'), { revision: 9 })]))).toThrow(
      'FutureRevision',
    );
    expect(store.revision).toBe(2);
    expect(range(ALL_KEYS).kvs).toMatchObject([{ key: utf8('a'), value: utf8('x'), version: 1 }]);
    expect(store.stats).toMatchObject({ keys: 1, historyVersions: 1 });
  });

  test('an answer that would be too large is refused, and nothing is written', () => {
    for (let i = 0; i < 5; i++) run(putOperation(utf8(`k${i}`), new Uint8Array(1_000_000)));
    expect(() => run(deleteRangeOperation(ALL_KEYS, { prevKv: true }))).toThrow('LimitExceeded');
    expect(range(ALL_KEYS, { countOnly: true }).count).toBe(5);
    expect(remove(ALL_KEYS)).toMatchObject({ answer: { deleted: 5 } });
  });
});

describe('compaction', () => {
  test('at or below the point where it was done is refused as compacted, above the present as future', () => {
    for (let i = 0; i < 5; i++) put('a');
    run({ kind: 'compact', revision: 4 });
    expect(() => run({ kind: 'compact', revision: 4 })).toThrow('Compacted');
    expect(() => run({ kind: 'compact', revision: 3 })).toThrow('Compacted');
    expect(() => run({ kind: 'compact', revision: 7 })).toThrow('FutureRevision');
    expect(store.compactRevision).toBe(4);
  });

  test('drops superseded versions and deleted keys, and nothing that can still be read', () => {
    for (let i = 0; i < 100; i++) put('a', `${i}`);
    put('gone');
    remove(one('gone'));
    put('b');
    const before = store.stats;
    run({ kind: 'compact', revision: store.revision });
    store.compactSome();
    expect(store.stats).toMatchObject({ keys: 2, historyVersions: 1 });
    expect(store.stats.bytes).toBeLessThan(before.bytes / 10);
    expect(keys(ALL_KEYS)).toEqual(['a', 'b']);
  });

  test('waits above a pinned revision, and goes on when it is let go', () => {
    for (let i = 0; i < 100; i++) put('a', `${i}`);
    const pin = store.pin(50);
    run({ kind: 'compact', revision: 90 });
    store.compactSome();
    expect(() => store.readableRevision(50)).toThrow(FlotillaError);
    expect(text(store.at('\x01a', 50)!.value)).toBe('48');
    store.unpin(pin);
    store.compactSome();
    expect(store.at('\x01a', 50)).toBeUndefined();
    expect(store.stats.historyVersions).toBe(12);
  });

  test('keeps the events of its own revision, so that a watch can begin there', () => {
    put('a');
    remove(one('a'));
    run({ kind: 'compact', revision: 3 });
    store.compactSome();
    expect(store.history.at(store.history.seek(3))).toMatchObject({ mod: 3, deleted: true });
  });
});

describe('memory', () => {
  test('of small values stays in proportion to what is in use, whatever is overwritten', () => {
    const cold = 200;
    for (let i = 0; i < 30_000; i++) {
      // Between any two values that stay, many that do not.
      if (i % 150 === 0) put(`cold ${(i / 150) % cold}`, 'c'.repeat(200));
      else put('hot', 'h'.repeat(200));
      if (i % 1000 === 999) {
        run({ kind: 'compact', revision: store.revision });
        store.compactSome();
      }
    }
    const slabs = new Set<ArrayBufferLike>();
    for (const [, { newest }] of store.ascending('')) slabs.add(newest.value.buffer);
    const used = (cold + 1) * 200;
    expect([...slabs].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(4 * used + 2 * 65_536);
  });
});
