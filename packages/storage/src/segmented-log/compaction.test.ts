import { ByteWriter } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { entriesOf, markAt } from '../conformance/log-workload.js';
import { differenceOf } from '../log/tee-log-engine.js';
import type { LogBatch } from '../log-engine.js';
import { MemoryFiles, MemoryLogEngine } from '../memory.js';
import { beginBatch, sealBatch } from './batch-frame.js';
import { planCompaction } from './compaction.js';
import { FileLogEngine } from './file-log-engine.js';
import { encodeGroupWrite } from './group-record.js';
import { decodeSegmentHeader } from './segment-header.js';
import { Segment } from './segment.js';

const SEGMENT = 16_384;

function open(files: MemoryFiles, segmentBytes = SEGMENT): Promise<FileLogEngine> {
  const runtime = { randomBytes: (length: number) => new Uint8Array(length).fill(7) };
  return FileLogEngine.open({ files, folder: 'log', runtime, segmentBytes });
}

async function expectSame(files: MemoryFiles, model: MemoryLogEngine): Promise<void> {
  const engine = await open(files);
  const difference = differenceOf(await engine.recover(), model.contents());
  await engine.close();
  expect(difference).toBeUndefined();
}

/** One round of a busy group that keeps its last entries. */
function busyRound(round: number): LogBatch {
  const first = round * 4 + 1;
  return [
    {
      group: 1,
      ...(round < 4 ? {} : { snapshotMark: markAt(first - 5, 1) }),
      hardState: { term: 1, vote: 1, commit: first - 1 },
      entries: entriesOf(first, 4, 1, 400),
      ...(round < 4 ? {} : { compactTo: first - 9 }),
    },
  ];
}

describe('compaction', () => {
  test('a log that is compacted by its caller stays small, however long it runs, and keeps idle groups', async () => {
    const files = new MemoryFiles();
    const model = new MemoryLogEngine();
    const engine = await open(files);
    await engine.recover();
    await model.recover();
    const idle: LogBatch = Array.from({ length: 20 }, (_, at) => ({
      group: 100 + at,
      hardState: { term: 3, vote: at, commit: 2 },
      snapshotMark: markAt(2, 1),
      entries: entriesOf(3, 2, 3, 50),
    }));
    let segmentsMax = 0;
    for (const batch of [idle, ...Array.from({ length: 600 }, (_, round) => busyRound(round))]) {
      await engine.append(batch);
      await model.append(batch);
      segmentsMax = Math.max(segmentsMax, engine.stats().segments);
    }
    await engine.idle();
    expect(engine.stats().bytesWritten).toBeGreaterThan(50 * SEGMENT);
    expect(segmentsMax).toBeLessThanOrEqual(10);
    await engine.close();
    await expectSame(files.crash('none'), model);
  });

  test('an idle group is carried along by the sequence it was written with', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    await engine.append([{ group: 9, hardState: { term: 8, vote: 2, commit: 0 } }]);
    for (let round = 0; round < 60; round++) await engine.append(busyRound(round));
    await engine.idle();
    const compacted = files
      .paths()
      .map((path) => files.peek(path) ?? new Uint8Array(0))
      .find((bytes) => decodeSegmentHeader(bytes.subarray(0, 512), '').header.state === 'compacted');
    expect(compacted).toBeDefined();
    const view = new DataView(compacted?.buffer ?? new ArrayBuffer(1024), 512);
    expect(view.getUint32(16, true)).toBe(1);
    await engine.close();
  });

  test('a whole batch of the same log that stands where another was compacted to is refused', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    for (const group of [8, 9]) await engine.append([{ group, hardState: { term: 8, vote: 2, commit: 0 } }]);
    for (let round = 0; round < 60; round++) await engine.append(busyRound(round));
    await engine.idle();
    await engine.close();
    const path = files.paths().find((name) => {
      const header = decodeSegmentHeader(files.peek(name)?.subarray(0, 512) ?? new Uint8Array(512), name).header;
      return header.state === 'compacted';
    });
    if (path === undefined) throw new Error('nothing was compacted');
    const left = files.crash('none');
    const stray = new ByteWriter(512);
    beginBatch(stray);
    encodeGroupWrite(stray, { group: 8, hardState: { term: 7, vote: 3, commit: 0 } });
    left.tamper(path, 512, sealBatch(stray, 1));
    const again = await open(left);
    await expect(again.recover()).rejects.toMatchObject({ code: 'StorageCorrupt', details: { path, offset: 512 } });
    await again.close();
  });

  test('what is retained is kept, though it fills several segments', async () => {
    const files = new MemoryFiles();
    const model = new MemoryLogEngine();
    const engine = await open(files);
    await engine.recover();
    await model.recover();
    const batches: LogBatch[] = [];
    for (let at = 0; at < 40; at++) batches.push([{ group: at, entries: entriesOf(1, 4, 1, 500) }]);
    for (let round = 0; round < 80; round++) batches.push(busyRound(round).map((write) => ({ ...write, group: 1000 })));
    for (let at = 0; at < 40; at += 2) batches.push([{ group: at, removed: true }]);
    for (let round = 80; round < 160; round++)
      batches.push(busyRound(round).map((write) => ({ ...write, group: 1000 })));
    for (const batch of batches) {
      await engine.append(batch);
      await model.append(batch);
    }
    await engine.close();
    await expectSame(files.crash('none'), model);
  });

  test('appends do not wait for it', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    files.onCall = ({ operation }) => (operation === 'readAt' ? { kind: 'wait', until: held } : undefined);
    for (let round = 0; round < 60; round++) await engine.append(busyRound(round));
    expect(engine.stats().segments).toBeGreaterThan(6);
    files.onCall = undefined;
    release();
    await engine.idle();
    expect(engine.stats().segments).toBeLessThan(8);
    await engine.close();
  });

  test('a closing engine does not wait for its end', async () => {
    const files = new MemoryFiles();
    const model = new MemoryLogEngine();
    const engine = await open(files);
    await engine.recover();
    await model.recover();
    for (let round = 0; round < 40; round++) {
      await engine.append(busyRound(round));
      await model.append(busyRound(round));
    }
    await engine.close();
    await expectSame(files, model);
  });

  test('corruption that it meets stops the engine', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    await engine.append(busyRound(0));
    files.tamper('log/segment-000001', 700, Uint8Array.of(1, 2, 3));
    const outcome = (async () => {
      for (let round = 1; round < 60; round++) await engine.append(busyRound(round));
    })();
    await expect(outcome).rejects.toMatchObject({
      code: 'StorageFailed',
      message: expect.stringContaining('StorageCorrupt'),
    });
    await engine.close();
  });
});

describe('the plan', () => {
  const segments = (list: readonly (readonly [live: number, state?: 'compacted'])[]): Segment[] =>
    list.map(([live, state], at) => {
      const segment = new Segment(`${at}`, undefined as never, 100_000);
      segment.liveBytes = segment.liveBytesAtFirst = live;
      segment.header =
        state === undefined
          ? { state: 'log', first: at + 1, last: at + 1 }
          : {
              state,
              first: at + 1,
              last: at + 1,
              generation: 1,
              lastSequence: 1,
              contentBytes: live,
              batches: 1,
              headersChecksum: 0,
            };
      return segment;
    });
  const planned = (list: Parameters<typeof segments>[0], pressed = false): number | undefined =>
    planCompaction(segments(list), 100_000, pressed)?.sources.length;

  test('nothing where nothing is gained', () => {
    expect(planned([])).toBeUndefined();
    expect(planned([[0]])).toBeUndefined();
    expect(planned([[90_000], [90_000]])).toBeUndefined();
    expect(planned([[50, 'compacted']])).toBeUndefined();
  });
  test('the beginning that gains most for what it rewrites', () => {
    expect(planned([[0], [0]])).toBe(2);
    expect(planned([[10], [0], [0], [95_000]])).toBe(3);
    expect(planned([[99_000], [99_000], [0], [0], [0]])).toBe(5);
    expect(planned([[20_000, 'compacted'], [0]])).toBe(2);
  });
  test('any gain will do when the disk is full', () => {
    expect(planned([[70_000], [10_000], [90_000], [90_000]])).toBe(2);
    expect(planned([[60_000], [60_000]])).toBeUndefined();
    expect(planned([[60_000], [60_000]], true)).toBe(2);
  });
});
