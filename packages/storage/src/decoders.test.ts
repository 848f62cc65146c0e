import { ByteReader, ByteWriter, crc32c, MalformedBytes } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeCatalog, encodeCatalog } from './catalog/catalog-format.js';
import { entriesOf, JOINT_CONFIGURATION, markAt, scriptedBatches } from './conformance/log-workload.js';
import type { GroupWrite } from './log-engine.js';
import { MemoryFiles } from './memory.js';
import { beginBatch, sealBatch } from './segmented-log/batch-frame.js';
import { FileLogEngine } from './segmented-log/file-log-engine.js';
import { decodeGroupWrite, encodeGroupWrite } from './segmented-log/group-record.js';
import { encodeSegmentHeader, type SegmentHeader } from './segmented-log/segment-header.js';
import { FileSnapshotStore } from './snapshots/file-snapshot-store.js';
import { encodeProgress, encodeSnapshotHeader } from './snapshots/snapshot-format.js';
import { mutated, mutations } from './testdata/mutations.js';

/*
 * What the decoders of the disk do with bytes whose checksums hold and whose content is nonsense, as a bug in a writer would leave: an
 * error of their own, or a value that means what it says; no other error, no endless loop, no memory beyond what the bytes are.
 */

const SEGMENT = 8192;
const LOG_ID = new Uint8Array(16).fill(7);
const PATH = 'log/segment-000001';
const RUNS = { numRuns: 400 };

const writes: fc.Arbitrary<GroupWrite> = fc.constantFrom(
  ...scriptedBatches(3).flat(),
  { group: 2 ** 40, snapshotMark: markAt(2 ** 50, 2 ** 45, JOINT_CONFIGURATION), resetLog: true },
  { group: 1, removed: true, compactTo: 0, entries: entriesOf(1, 40, 3, 3) },
);

function encoded(write: GroupWrite): Uint8Array {
  const writer = new ByteWriter(64);
  encodeGroupWrite(writer, write);
  return writer.copy();
}

/** Mends a checksum: that of the bytes before it. */
function reseal(bytes: Uint8Array, at: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, crc32c(bytes, 0, 0, at), true);
}

function isRefusal(error: unknown): boolean {
  return isFlotillaError(error, 'StorageCorrupt') || isFlotillaError(error, 'IncompatibleVersion');
}

/** Resolves with what came out, or undefined where it was refused as it should be. */
async function orRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return undefined;
  }
}

async function recovered(files: MemoryFiles): Promise<unknown> {
  const engine = await FileLogEngine.open({
    files,
    folder: 'log',
    runtime: { randomBytes: () => LOG_ID },
    segmentBytes: SEGMENT,
  });
  try {
    return await engine.recover();
  } finally {
    await engine.close();
  }
}

/** A log of one segment with these payloads as batches. */
function logOf(payloads: readonly Uint8Array[]): MemoryFiles {
  const files = new MemoryFiles();
  files.tamper(PATH, 0, encodeSegmentHeader(LOG_ID, SEGMENT, { state: 'log', first: 1, last: 1 }));
  files.tamper(PATH, SEGMENT - 1, Uint8Array.of(0));
  let at = 512;
  for (const [number, payload] of payloads.entries()) {
    const writer = new ByteWriter(payload.length + 1024);
    beginBatch(writer);
    writer.raw(payload);
    const sectors = sealBatch(writer, number + 1).slice();
    if (at + sectors.length > SEGMENT) break;
    files.tamper(PATH, at, sectors);
    at += sectors.length;
  }
  return files;
}

describe('nonsense under good checksums', () => {
  test('a record is MalformedBytes, or comes back the same from what it was read as', () => {
    fc.assert(
      fc.property(writes, mutations, (write, list) => {
        const bytes = mutated(encoded(write), list);
        let found: GroupWrite;
        try {
          const reader = new ByteReader(bytes);
          found = decodeGroupWrite(reader);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedBytes);
          return;
        }
        expect((found.entries?.length ?? 0) * 3).toBeLessThanOrEqual(bytes.length);
        const again = decodeGroupWrite(new ByteReader(encoded(found)));
        expect({ ...again, entries: again.entries ?? [] }).toEqual({ ...found, entries: found.entries ?? [] });
      }),
      { numRuns: 3_000 },
    );
  });

  test('a log of nonsense records is refused, or recovered, and recovered the same again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(writes, mutations), { minLength: 1, maxLength: 4 }), async (records) => {
        const files = logOf(records.map(([write, list]) => mutated(encoded(write), list)));
        const first = await orRefused(() => recovered(files));
        if (first !== undefined) expect(await recovered(files)).toEqual(first);
      }),
      RUNS,
    );
  });

  test('a segment with a header that lies is refused, or holds what it says', async () => {
    const number = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(511, 512, 4096, SEGMENT, 2 ** 32, 2 ** 52));
    const lies = fc.record({ first: number, last: number, generation: number, lastSequence: number, batches: number });
    const header: fc.Arbitrary<SegmentHeader> = fc.oneof(
      fc.record({ state: fc.constant('log' as const), first: number, last: number }),
      fc.tuple(lies, number).map(([fields, contentBytes]) => ({
        state: 'compacted' as const,
        ...fields,
        contentBytes,
        headersChecksum: 0,
      })),
      fc.constant({ state: 'free' as const }),
    );
    await fc.assert(
      fc.asyncProperty(header, number, mutations, async (lie, capacityBytes, list) => {
        const files = logOf([encoded({ group: 1, entries: entriesOf(1, 2, 1, 30) })]);
        const sector = mutated(encodeSegmentHeader(LOG_ID, capacityBytes, lie), list.slice(0, list.length % 2));
        const bytes = new Uint8Array(512);
        bytes.set(sector.subarray(0, 512));
        reseal(bytes, 12);
        reseal(bytes, 508);
        files.tamper(PATH, 0, bytes);
        await orRefused(() => recovered(files));
      }),
      RUNS,
    );
  });

  test('a catalog is refused, or comes back the same', () => {
    const record = new Map([
      ['a', new Uint8Array(3)],
      ['longer name', new Uint8Array(300).fill(5)],
      ['', new Uint8Array(0)],
    ]);
    fc.assert(
      fc.property(mutations, (list) => {
        const bytes = mutated(encodeCatalog(7, record), list);
        if (bytes.length >= 40) {
          const view = new DataView(bytes.buffer);
          reseal(bytes, 12);
          view.setBigUint64(24, BigInt(bytes.length - 40), true);
          view.setUint32(32, crc32c(bytes, 0, 40), true);
          reseal(bytes, 36);
        }
        let found: ReturnType<typeof decodeCatalog>;
        try {
          found = decodeCatalog(bytes, 'catalog');
        } catch (error) {
          expect(isRefusal(error)).toBe(true);
          return;
        }
        expect(decodeCatalog(encodeCatalog(found.generation, found.record), 'catalog')).toEqual(found);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a snapshot whose header or progress lies is refused, or has the content that it says', async () => {
    const content = new Uint8Array(700).fill(3);
    const progress = fc.record({
      turn: fc.constantFrom(0, 1, 2, 2 ** 52),
      size: fc.constantFrom(0, 1, 699, 700, 701, 2 ** 40),
      checksum: fc.constantFrom(0, crc32c(content), 7),
      isComplete: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(progress, mutations, fc.boolean(), async (said, list, isHeaderWhole) => {
        const title = { group: 1, ...markAt(5, 2, JOINT_CONFIGURATION) };
        const header = encodeSnapshotHeader(title);
        const bytes = new Uint8Array(header.length);
        bytes.set(isHeaderWhole ? header : mutated(header, list).subarray(0, header.length));
        reseal(bytes, 12);
        reseal(bytes, header.length - 4);
        const files = new MemoryFiles();
        const path = 'snapshots/1-5-2.snapshot';
        files.tamper(path, 0, bytes);
        files.tamper(path, header.length, encodeProgress(said));
        files.tamper(path, header.length + 512, new Uint8Array(512));
        files.tamper(path, header.length + 1024, content);
        await orRefused(async () => {
          const store = await FileSnapshotStore.open({ files, folder: 'snapshots', runtime: { now: () => 0 } });
          for (const snapshot of await store.list()) {
            let size = 0;
            for await (const piece of store.read(snapshot)) size += piece.length;
            expect(size).toBe(snapshot.size);
            expect(crc32c(content, 0, 0, size)).toBe(snapshot.checksum);
          }
          await store.close();
        });
      }),
      RUNS,
    );
  });
});
