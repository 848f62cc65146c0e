import { describe, expect, test } from 'vitest';
import { entriesOf } from '../conformance/log-workload.js';
import { MemoryFiles } from '../memory.js';
import { FileLogEngine } from './file-log-engine.js';

function open(files: MemoryFiles, segmentBytes = 65_536): Promise<FileLogEngine> {
  const runtime = { randomBytes: (length: number) => new Uint8Array(length).fill(7) };
  return FileLogEngine.open({ files, folder: 'log', runtime, segmentBytes });
}

const entry = (index: number, bytes = 100): Parameters<FileLogEngine['append']>[0] => [
  { group: 1, entries: entriesOf(index, 1, 1, bytes) },
];

describe('appends', () => {
  test('those of one turn, and those that come while a write is in flight, go together', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    files.onCall = ({ operation, path }) =>
      operation === 'writeAt' && path === 'log/segment-000001' ? { kind: 'wait', until: held } : undefined;
    const first = Array.from({ length: 10 }, (_, at) => engine.append(entry(at + 1)));
    await Promise.resolve();
    await Promise.resolve();
    const second = Array.from({ length: 10 }, (_, at) => engine.append(entry(at + 11)));
    release();
    await Promise.all([...first, ...second]);
    expect(engine.stats()).toMatchObject({ appends: 20, syncs: 2 });
    await engine.close();
  });

  test('a hung disk holds them all, and acknowledges none', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    files.onCall = ({ operation }) =>
      operation === 'writeAt' ? { kind: 'wait', until: new Promise<void>(() => undefined) } : undefined;
    let acknowledged = 0;
    for (let at = 1; at <= 5; at++) void engine.append(entry(at)).then(() => acknowledged++);
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    expect(acknowledged).toBe(0);
    const left = await open(files.crash('none'));
    expect(await left.recover()).toEqual([]);
    await left.close();
  });

  test('a failed write kills the engine: what is in flight, queued and yet to come is refused', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    await engine.append(entry(1));
    files.onCall = ({ operation }) => (operation === 'writeAt' ? { kind: 'fail' } : undefined);
    const flight = [2, 3, 4].map((at) => engine.append(entry(at)));
    for (const append of flight)
      await expect(append).rejects.toMatchObject({ code: 'StorageFailed', outcome: 'unknown' });
    files.onCall = undefined;
    await expect(engine.append(entry(2))).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(engine.append([])).rejects.toMatchObject({ code: 'StorageFailed' });
    await engine.close();
    const again = await open(files.crash('none'));
    expect((await again.recover())[0]?.entries).toHaveLength(1);
    await again.close();
  });

  test('a full disk where space was taken before is a failed write', async () => {
    const files = new MemoryFiles();
    const engine = await open(files);
    await engine.recover();
    files.onCall = ({ operation }) => (operation === 'writeAt' ? { kind: 'fail', code: 'StorageFull' } : undefined);
    await expect(engine.append(entry(1))).rejects.toMatchObject({ code: 'StorageFailed' });
    await expect(engine.append(entry(1))).rejects.toMatchObject({ code: 'StorageFailed' });
    await engine.close();
  });

  test('no write of a batch goes to space that was not taken before, and the next segment is ready in time', async () => {
    const files = new MemoryFiles();
    const engine = await open(files, 8192);
    await engine.recover();
    const growing: string[] = [];
    files.onCall = ({ operation, path, position, length }) => {
      const isBatch = operation === 'writeAt' && position >= 512 && length <= 2048;
      if (isBatch && position + length > (files.peek(path)?.length ?? 0)) growing.push(`${path}@${position}`);
      return undefined;
    };
    for (let at = 1; at <= 100; at++) await engine.append(entry(at, 700));
    expect(growing).toEqual([]);
    await engine.close();
  });

  test('a batch larger than a segment gets a segment of its own size', async () => {
    const files = new MemoryFiles();
    const engine = await open(files, 8192);
    await engine.recover();
    await engine.append(entry(1));
    await engine.append(entry(2, 100_000));
    await engine.append(entry(3));
    await engine.append(entry(4, 50_000));
    await engine.close();
    const again = await open(files.crash('none'), 8192);
    expect((await again.recover())[0]?.entries.map(({ data }) => data.length)).toEqual([100, 100_000, 100, 50_000]);
    await again.close();
  });

  test('a log is found again under another segment size', async () => {
    const files = new MemoryFiles();
    let disk = files;
    for (const [at, segmentBytes] of [8192, 65_536, 4096, 16_384].entries()) {
      const engine = await open(disk, segmentBytes);
      await engine.recover();
      for (let k = 1; k <= 20; k++) await engine.append(entry(at * 20 + k, 600));
      await engine.close();
      disk = disk.crash('none');
    }
    const engine = await open(disk);
    expect((await engine.recover())[0]?.entries).toHaveLength(80);
    await engine.close();
  });

  test('a batch above the limit is refused, and nothing is done', async () => {
    const engine = await open(new MemoryFiles());
    await engine.recover();
    const data = new Uint8Array(64 * 1024 * 1024);
    const entries = Array.from({ length: 17 }, (_, at) => ({ term: 1, index: at + 1, type: 0 as const, data }));
    await expect(engine.append([{ group: 1, entries }])).rejects.toMatchObject({ code: 'InvalidArgument' });
    await engine.append(entry(1));
    await engine.close();
  });

  test('a segment size that is none is refused', async () => {
    for (const segmentBytes of [0, 512, 5000, Number.NaN, -4096]) {
      await expect(open(new MemoryFiles(), segmentBytes)).rejects.toMatchObject({ code: 'InvalidArgument' });
    }
  });
});
