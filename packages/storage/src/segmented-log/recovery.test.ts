import { crc32c } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { entriesOf, markAt } from '../conformance/log-workload.js';
import type { RecoveredGroup } from '../log-engine.js';
import { MemoryFiles } from '../memory.js';
import { FileLogEngine } from './file-log-engine.js';
import { tagOf } from './batch-frame.js';
import { encodeSegmentHeader } from './segment-header.js';

const SECTOR = 512;
const SEGMENT = 8192;
const PATH = 'log/segment-000001';

function open(files: MemoryFiles, options: { id?: number; logId?: string } = {}): Promise<FileLogEngine> {
  const runtime = { randomBytes: (length: number) => new Uint8Array(length).fill(options.id ?? 7) };
  const { logId } = options;
  return FileLogEngine.open({
    files,
    folder: 'log',
    runtime,
    segmentBytes: SEGMENT,
    ...(logId === undefined ? {} : { logId }),
  });
}

/** A log of three batches of three sectors each, closed. Batch n begins at sector 1 + 3 * (n - 1). */
async function threeBatches(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const engine = await open(files);
  await engine.recover();
  for (let at = 0; at < 3; at++) {
    await engine.append([
      { group: 1, hardState: { term: 1, vote: 1, commit: at }, entries: entriesOf(at + 1, 1, 1, 1200) },
    ]);
  }
  await engine.close();
  return files.crash('none');
}

async function recovered(files: MemoryFiles): Promise<readonly RecoveredGroup[]> {
  const engine = await open(files);
  try {
    return await engine.recover();
  } finally {
    await engine.close();
  }
}

const entryCount = async (files: MemoryFiles): Promise<number> => (await recovered(files))[0]?.entries.length ?? 0;
const zeroSector = (files: MemoryFiles, sector: number): void =>
  files.tamper(PATH, sector * SECTOR, new Uint8Array(SECTOR));
const sectorOf = (files: MemoryFiles, sector: number): Uint8Array =>
  files.peek(PATH)?.slice(sector * SECTOR, (sector + 1) * SECTOR) ?? new Uint8Array(0);

async function expectCorrupt(files: MemoryFiles, path: string, offset: number): Promise<void> {
  const before = files.paths().map((name) => files.peek(name));
  await expect(recovered(files)).rejects.toMatchObject({ code: 'StorageCorrupt', details: { path, offset } });
  expect(files.paths().map((name) => files.peek(name))).toEqual(before);
}

describe('a torn tail', () => {
  test('the last batch with any of its sectors still zero is torn: it goes, and the log goes on', async () => {
    for (let missing = 1; missing < 8; missing++) {
      const files = await threeBatches();
      for (let sector = 0; sector < 3; sector++) if ((missing & (1 << sector)) !== 0) zeroSector(files, 7 + sector);
      expect(await entryCount(files)).toBe(2);
      expect(
        files
          .peek(PATH)
          ?.subarray(7 * SECTOR)
          .every((byte) => byte === 0),
      ).toBe(true);
      const engine = await open(files);
      await engine.recover();
      await engine.append([{ group: 1, entries: entriesOf(3, 1, 2, 10) }]);
      await engine.close();
      expect(await entryCount(files.crash('none'))).toBe(3);
    }
  });
  test('a sector of zeros whose tag was flipped away is mended: an acknowledged batch is not taken for torn', async () => {
    for (const batches of [1, 3]) {
      const files = new MemoryFiles();
      const engine = await open(files);
      await engine.recover();
      for (let at = 1; at <= batches; at++) {
        await engine.append([{ group: 1, entries: [{ index: at, term: 1, type: 0, data: new Uint8Array(1200) }] }]);
      }
      await engine.close();
      for (const sector of [3 * batches - 1, 3 * batches]) {
        const flipped = files.crash('none');
        // The tags of sequences 1 and 3 have one bit each.
        flipped.tamper(PATH, sector * SECTOR, Uint8Array.of(0));
        expect(sectorOf(flipped, sector).every((byte) => byte === 0)).toBe(true);
        expect(await entryCount(flipped)).toBe(batches);
        expect(sectorOf(flipped, sector)[0]).toBe(batches + 1);
        expect(await entryCount(flipped.fork('none'))).toBe(batches);
        zeroSector(flipped, 3 * batches - 2);
        expect(await entryCount(flipped)).toBe(batches - 1);
      }
      const middle = files.crash('none');
      middle.tamper(PATH, 2 * SECTOR, Uint8Array.of(0));
      if (batches > 1) await expectCorrupt(middle, PATH, SECTOR);
    }
  });
  test('a batch before the last one with a zero sector is corrupt: it was acknowledged', async () => {
    for (const [sector, offset] of [
      [4, 5 * SECTOR],
      [5, 7 * SECTOR],
      [6, 7 * SECTOR],
    ] as const) {
      const files = await threeBatches();
      zeroSector(files, sector);
      await expectCorrupt(files, PATH, offset === 5 * SECTOR ? 7 * SECTOR : offset);
    }
  });
  test('the last batch with wrong bytes and no zero sector is corrupt, not torn', async () => {
    const files = await threeBatches();
    files.tamper(PATH, 8 * SECTOR + 100, Uint8Array.of(99));
    await expectCorrupt(files, PATH, 7 * SECTOR);
  });
  test('the last batch with a zero sector and a foreign one is corrupt', async () => {
    const files = await threeBatches();
    zeroSector(files, 8);
    files.tamper(PATH, 9 * SECTOR, Uint8Array.of(1, 2, 3));
    await expectCorrupt(files, PATH, 9 * SECTOR);
  });
  test('a header that lies about its length, checksum mended, is corrupt and not torn', async () => {
    const files = await threeBatches();
    const header = sectorOf(files, 7);
    const view = new DataView(header.buffer);
    view.setUint32(4, 5, true);
    view.setUint32(8, 2400, true);
    files.tamper(PATH, 7 * SECTOR, header);
    await expectCorrupt(files, PATH, 7 * SECTOR);
  });
  test('something behind the end that is no part of the next batch is corrupt', async () => {
    const files = await threeBatches();
    files.tamper(PATH, 12 * SECTOR + 7, Uint8Array.of(1));
    await expectCorrupt(files, PATH, 12 * SECTOR);
  });
  test('behind a torn batch whose header tells its end, even a sector with its tag is corrupt', async () => {
    const files = await threeBatches();
    zeroSector(files, 8);
    const tag = new Uint8Array(4);
    new DataView(tag.buffer).setUint32(0, tagOf(3), true);
    files.tamper(PATH, 11 * SECTOR, tag);
    await expectCorrupt(files, PATH, 11 * SECTOR);
  });
  test('a torn batch in one segment and a batch in the next is corrupt', async () => {
    const files = await threeSegments();
    const second = files.paths()[1] ?? '';
    const bytes = files.peek(second) ?? new Uint8Array(0);
    let last = bytes.length - SECTOR;
    while (last > 0 && bytes.subarray(last, last + SECTOR).every((byte) => byte === 0)) last -= SECTOR;
    files.tamper(second, last, new Uint8Array(SECTOR));
    await expect(recovered(files)).rejects.toMatchObject({ code: 'StorageCorrupt' });
  });
});

/** A log that reaches into its third segment. */
async function threeSegments(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const engine = await open(files);
  await engine.recover();
  for (let index = 1; engine.stats().segments < 5 || index < 14; index++) {
    await engine.append([{ group: 1, entries: entriesOf(index, 1, 1, 1400) }]);
    await engine.idle();
  }
  await engine.close();
  return files.crash('none');
}

describe('segments', () => {
  test('a segment that is missing is corrupt, and the one behind it says so', async () => {
    const whole = await threeSegments();
    for (const [at, path] of whole.paths().slice(0, 2).entries()) {
      const files = whole.crash('none');
      await files.remove(path);
      await expect(recovered(files)).rejects.toMatchObject({
        code: 'StorageCorrupt',
        message: expect.stringContaining(`segment ${at + 1} is missing`),
      });
    }
  });
  test('the segment in use is missed when its file is gone, or empty, although nothing stands behind it', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    const next = 'log/segment-000002';
    const inUse = (): boolean =>
      files
        .peek(next)
        ?.subarray(SECTOR, SECTOR + 4)
        .some((byte) => byte !== 0) === true;
    for (let at = 1; !inUse(); at++) await engine.append([{ group: 1, entries: entriesOf(at, 1, 1, 300) }]);
    await engine.close();
    for (const length of [undefined, 0, 512]) {
      const left = files.fork('none');
      const bytes = left.peek(next)?.slice(0, length ?? 0) ?? new Uint8Array(0);
      await left.remove(next);
      if (length !== undefined) left.tamper(next, 0, bytes);
      if (length === 512) await expect(recovered(left)).rejects.toMatchObject({ code: 'StorageCorrupt' });
      else await expectCorrupt(left, PATH, SEGMENT);
    }
    expect(await entryCount(files.fork('none'))).toBeGreaterThan(10);
  });
  test('an older copy of a segment, put back, is corrupt', async () => {
    const early = await threeBatches();
    const files = early.crash('none');
    const engine = await open(files);
    await engine.recover();
    for (let index = 4; index < 12; index++) await engine.append([{ group: 1, entries: entriesOf(index, 1, 1, 1400) }]);
    await engine.close();
    files.tamper(PATH, 0, early.peek(PATH) ?? new Uint8Array(0));
    await expect(recovered(files)).rejects.toMatchObject({ code: 'StorageCorrupt' });
  });
  test('a segment of another log is refused', async () => {
    const files = await threeBatches();
    const other = new MemoryFiles();
    const engine = await open(other, { id: 8 });
    await engine.recover();
    await engine.close();
    files.tamper('log/segment-000002', 0, other.peek(PATH) ?? new Uint8Array(0));
    await expectCorrupt(files, 'log/segment-000002', 0);
  });
  test('a log other than the one expected, or none, is refused', async () => {
    const ours = '07'.repeat(16);
    const files = await threeBatches();
    const engine = await open(files, { logId: ours });
    await engine.recover();
    expect(engine.logId).toBe(ours);
    await engine.close();
    for (const disk of [files, new MemoryFiles()]) {
      const wrong = await open(disk, { logId: '08'.repeat(16) });
      await expect(wrong.recover()).rejects.toMatchObject({ code: 'StorageCorrupt', details: { path: 'log' } });
      await wrong.close();
    }
  });
  test('a newer format is refused as such, and nothing is changed', async () => {
    const files = await threeBatches();
    const header = sectorOf(files, 0);
    const view = new DataView(header.buffer);
    view.setUint32(8, 2, true);
    view.setUint32(12, crc32c(header, 0, 0, 12), true);
    files.tamper(PATH, 0, header);
    await expect(recovered(files)).rejects.toMatchObject({
      code: 'IncompatibleVersion',
      details: { ours: '1', theirs: '2' },
    });
  });
  test('a segment that was cut short is corrupt', async () => {
    const files = await threeBatches();
    const bytes = files.peek(PATH) ?? new Uint8Array(0);
    await files.remove(PATH);
    files.tamper(PATH, 0, bytes.subarray(0, 6 * SECTOR));
    await expectCorrupt(files, PATH, 6 * SECTOR);
  });
  test('a file of another name is left alone', async () => {
    const files = await threeBatches();
    files.tamper('log/notes.txt', 0, Uint8Array.of(1));
    expect(await entryCount(files)).toBe(3);
    expect(files.peek('log/notes.txt')).toEqual(Uint8Array.of(1));
  });
  test('a file without a header is nothing while it is zeros, and corrupt otherwise', async () => {
    const files = await threeBatches();
    files.tamper('log/segment-000009', 0, new Uint8Array(3000));
    expect(await entryCount(files)).toBe(3);
    expect(files.paths()).not.toContain('log/segment-000009');
    files.tamper('log/segment-000010', 2000, Uint8Array.of(5));
    await expectCorrupt(files, 'log/segment-000010', 0);
  });
  test('two sectors of acknowledged batches that changed places are corrupt', async () => {
    const files = await threeBatches();
    const [a, b] = [sectorOf(files, 2), sectorOf(files, 5)];
    files.tamper(PATH, 2 * SECTOR, b);
    files.tamper(PATH, 5 * SECTOR, a);
    await expectCorrupt(files, PATH, SECTOR);
  });
  test('two whole batches that changed places are corrupt', async () => {
    const files = await threeBatches();
    const bytes = files.peek(PATH) ?? new Uint8Array(0);
    files.tamper(PATH, SECTOR, bytes.slice(4 * SECTOR, 7 * SECTOR));
    files.tamper(PATH, 4 * SECTOR, bytes.slice(SECTOR, 4 * SECTOR));
    await expectCorrupt(files, PATH, SECTOR);
  });
  test('a compacted segment behind which nothing stands is corrupt: one was in use', async () => {
    const files = new MemoryFiles();
    files.tamper(
      PATH,
      0,
      encodeSegmentHeader(new Uint8Array(16).fill(7), SEGMENT, {
        state: 'compacted',
        first: 1,
        last: 4,
        generation: 1,
        lastSequence: 9,
        contentBytes: 0,
        batches: 0,
        headersChecksum: 0,
      }),
    );
    files.tamper(PATH, SEGMENT - 1, Uint8Array.of(0));
    await expectCorrupt(files, PATH, 0);
  });
});

describe('after a failed recovery', () => {
  test('the engine stays dead, and a new one may try again', async () => {
    const files = await threeBatches();
    files.onCall = (call) => (call.operation === 'readAt' ? { kind: 'fail' } : undefined);
    const engine = await open(files);
    await expect(engine.recover()).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(engine.append([])).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(engine.recover()).rejects.toMatchObject({ code: 'StorageFailed' });
    await engine.close();
    files.onCall = undefined;
    expect(await entryCount(files)).toBe(3);
  });
  test('a mark in the log survives with nothing else', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    await engine.append([{ group: 5, snapshotMark: markAt(12, 3), resetLog: true }]);
    await engine.close();
    expect(await recovered(files)).toMatchObject([{ group: 5, snapshotMark: { index: 12, term: 3 }, entries: [] }]);
  });
});
