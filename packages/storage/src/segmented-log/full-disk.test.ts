import { describe, expect, test } from 'vitest';
import { entriesOf, markAt } from '../conformance/log-workload.js';
import type { LogBatch } from '../log-engine.js';
import { MemoryFiles, MemoryLogEngine } from '../memory.js';
import { differenceOf } from '../log/tee-log-engine.js';
import { FileLogEngine } from './file-log-engine.js';

const SEGMENT = 16_384;

function open(files: MemoryFiles): Promise<FileLogEngine> {
  const runtime = { randomBytes: (length: number) => new Uint8Array(length).fill(7) };
  return FileLogEngine.open({ files, folder: 'log', runtime, segmentBytes: SEGMENT });
}

const round = (index: number): LogBatch => [
  { group: index % 3, entries: entriesOf(Math.floor(index / 3) + 1, 1, 1, 900) },
];

describe('a full disk', () => {
  test('refuses appends with StorageFull, loses nothing, and goes on when compaction has made room', async () => {
    const files = new MemoryFiles({ capacityBytes: 6 * SEGMENT });
    const model = new MemoryLogEngine();
    const engine = await open(files);
    await engine.recover();
    await model.recover();
    let index = 0;
    const appendBoth = async (batch: LogBatch): Promise<void> => {
      await engine.append(batch);
      await model.append(batch);
    };
    await expect(
      (async () => {
        for (; index < 1000; index++) await appendBoth(round(index));
      })(),
    ).rejects.toMatchObject({ code: 'StorageFull', outcome: 'definite' });
    expect(index).toBeGreaterThan(30);
    await expect(engine.append(round(index))).rejects.toMatchObject({ code: 'StorageFull' });

    // A vote still goes through, and so do the mark and the compaction that make room.
    await appendBoth([{ group: 0, hardState: { term: 9, vote: 2, commit: 0 } }]);
    for (let group = 0; group < 3; group++) {
      const last = Math.floor((index - 1 - group) / 3) + 1;
      await appendBoth([{ group, snapshotMark: markAt(last, 1), compactTo: last }]);
    }
    await engine.idle();
    for (let more = 0; more < 200; more++, index++) {
      await appendBoth(round(index));
      if (more % 5 === 4) {
        const group = index % 3;
        const last = Math.floor(index / 3) + 1;
        await appendBoth([{ group, snapshotMark: markAt(last, 1), compactTo: last }]);
      }
    }
    await engine.close();
    const again = await open(files.crash('none'));
    expect(differenceOf(await again.recover(), model.contents())).toBeUndefined();
    await again.close();
  });

  test('refuses all that is queued behind the append that it refuses, and nothing before it', async () => {
    const files = new MemoryFiles({ capacityBytes: 2 * SEGMENT });
    const engine = await open(files);
    await engine.recover();
    const flight = Array.from({ length: 60 }, (_, index) => engine.append(round(index)));
    const outcomes = await Promise.allSettled(flight);
    const taken = outcomes.findIndex(({ status }) => status === 'rejected');
    expect(taken).toBeGreaterThan(0);
    expect(outcomes.slice(taken).every(({ status }) => status === 'rejected')).toBe(true);
    await engine.close();
    const again = await open(files.crash('none'));
    const held = (await again.recover()).reduce((sum, { entries }) => sum + entries.length, 0);
    expect(held).toBe(taken);
    await again.close();
  });

  test('is told at the opening of a new log, and the folder is as good as before', async () => {
    const files = new MemoryFiles({ capacityBytes: SEGMENT - 1 });
    const engine = await open(files);
    await expect(engine.recover()).rejects.toMatchObject({ code: 'StorageFull' });
    await engine.close();
    files.capacityBytes = 10 * SEGMENT;
    const again = await open(files);
    expect(await again.recover()).toEqual([]);
    await again.append(round(0));
    await again.close();
  });

  test('leaves no half-made segment behind: its space may be what a snapshot needs', async () => {
    const files = new MemoryFiles({ capacityBytes: 2 * SEGMENT + 5000 });
    const engine = await open(files);
    await engine.recover();
    await Promise.allSettled(Array.from({ length: 60 }, (_, index) => engine.append(round(index))));
    await engine.idle();
    const sizes = files.paths().map((path) => files.peek(path)?.length);
    expect(sizes.every((size) => size === SEGMENT)).toBe(true);
    await engine.close();
  });

  test('a full disk that is full for a single moment is a full disk, not a dead engine', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    let refused = 0;
    for (let index = 0; index < 200; index++) {
      const isFull = index % 40 > 30;
      files.capacityBytes = isFull ? 0 : Number.POSITIVE_INFINITY;
      await engine.append([{ group: index, entries: entriesOf(1, 1, 1, 900) }]).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'StorageFull' });
        refused++;
      });
    }
    expect(refused).toBeLessThan(60);
    files.capacityBytes = Number.POSITIVE_INFINITY;
    await engine.append([{ group: 999, entries: entriesOf(1, 1, 1, 900) }]);
    await engine.close();
  });
});
