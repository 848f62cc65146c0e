import { describe, expect, test } from 'vitest';
import { entriesOf, markAt } from './conformance/log-workload.js';
import { MemoryFiles } from './memory.js';
import { type NodeStorage, openStorage } from './open-storage.js';

const runtime = { now: () => 0, randomBytes: (length: number) => new Uint8Array(length).fill(7) };
const open = (files: MemoryFiles): Promise<NodeStorage> =>
  openStorage({ files, runtime, folder: 'data', segmentBytes: 8192 });

/** A node's storage with something in each part, closed. */
async function filled(): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const storage = await open(files);
  await storage.catalog.save(new Map([['id', Uint8Array.of(5)]]));
  for (const worker of [0, 1]) {
    const log = await storage.log(worker);
    await log.recover();
    await log.append([{ group: worker, entries: entriesOf(1, 1, 1, 10) }]);
  }
  const writer = await storage.snapshots.create(1, markAt(5, 1));
  await writer.write(Uint8Array.of(1, 2, 3));
  await writer.commit();
  await storage.close();
  return files.crash('none');
}

async function without(files: MemoryFiles, folder: string): Promise<MemoryFiles> {
  for (const path of files.paths()) if (path.startsWith(folder)) await files.remove(path);
  return files;
}

describe('a node folder', () => {
  test('holds logs by worker, snapshots and the catalog, found again after a power cut', async () => {
    const storage = await open(await filled());
    expect((await storage.catalog.load()).get('id')).toEqual(Uint8Array.of(5));
    for (const worker of [0, 1]) {
      const log = await storage.log(worker);
      expect(await log.recover()).toMatchObject([{ group: worker, entries: [{ index: 1 }] }]);
    }
    expect(await storage.snapshots.list()).toMatchObject([{ group: 1, index: 5, size: 3 }]);
    expect(storage.durability).toBe('power');
    await storage.close();
  });
  test('has one owner', async () => {
    const files = new MemoryFiles();
    const storage = await open(files);
    await expect(open(files)).rejects.toMatchObject({ code: 'StorageLocked', details: { path: 'data' } });
    await storage.close();
    await storage.close();
    await (await open(files)).close();
  });
  test('a log is opened once', async () => {
    const storage = await open(new MemoryFiles());
    await storage.log(0);
    await expect(storage.log(0)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(storage.log(-1)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await storage.close();
    await expect(storage.log(1)).rejects.toMatchObject({ code: 'InvalidArgument' });
  });
  test('a log that was wiped is refused: its node must not vote with an empty one', async () => {
    const storage = await open(await without(await filled(), 'data/log-1/'));
    const log = await storage.log(1);
    await expect(log.recover()).rejects.toMatchObject({ code: 'StorageCorrupt', details: { path: 'data/log-1' } });
    await storage.close();
  });
  test('a log that came from another node is refused', async () => {
    const files = await filled();
    const path = 'data/log-1/segment-000001';
    const foreign = new MemoryFiles();
    const other = await openStorage({
      files: foreign,
      runtime: { now: () => 0, randomBytes: (length) => new Uint8Array(length).fill(9) },
      folder: 'data',
      segmentBytes: 8192,
    });
    await (await other.log(1)).recover();
    await other.close();
    files.tamper(path, 0, foreign.peek(path) ?? new Uint8Array(0));
    const storage = await open(files);
    const log = await storage.log(1);
    await expect(log.recover()).rejects.toMatchObject({ code: 'StorageCorrupt' });
    await storage.close();
  });
  test('a catalog that was wiped is refused: its node must not begin anew over an old log', async () => {
    const files = await without(await filled(), 'data/catalog/');
    await expect(open(files)).rejects.toMatchObject({
      code: 'StorageCorrupt',
      details: { path: 'data/catalog/catalog' },
    });
    await expect(open(files)).rejects.toMatchObject({ code: 'StorageCorrupt' });
  });
  test('a catalog in the place of the identity is refused, and so is the identity in its place', async () => {
    const files = await filled();
    const [catalog, identity] = [files.peek('data/catalog/catalog'), files.peek('data/identity/catalog')];
    await without(files, 'data/catalog/');
    await without(files, 'data/identity/');
    files.tamper('data/catalog/catalog', 0, identity ?? new Uint8Array(0));
    files.tamper('data/identity/catalog', 0, catalog ?? new Uint8Array(0));
    await expect(open(files)).rejects.toMatchObject({
      code: 'StorageCorrupt',
      details: { path: 'data/identity/catalog' },
    });
  });
  test('a folder that was wiped as a whole is a new one', async () => {
    const storage = await open(await without(await filled(), 'data/'));
    expect((await storage.catalog.load()).size).toBe(0);
    expect(await (await storage.log(0)).recover()).toEqual([]);
    await storage.close();
  });
  test('a crash at any call of the first start leaves a folder that starts', async () => {
    const start = async (files: MemoryFiles): Promise<void> => {
      const storage = await open(files);
      await storage.catalog.save(new Map([['id', Uint8Array.of(5)]]));
      const log = await storage.log(0);
      await log.recover();
      await log.append([{ group: 0, hardState: { term: 1, vote: 1, commit: 0 } }]);
      await storage.close();
    };
    const whole = new MemoryFiles();
    await start(whole);
    for (let call = 1; call <= whole.calls; call++) {
      for (const survival of ['none', 'all', 'process'] as const) {
        const files = new MemoryFiles({
          onCall: ({ number }) => (number === call ? { kind: 'crash', when: 'during' } : undefined),
        });
        await start(files).catch(() => undefined);
        await start(files.crash(survival));
      }
    }
  });
});
