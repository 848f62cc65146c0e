import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { FileLogEngine, type LogBatch } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';
import { expect, test } from 'vitest';
import { StrictDatabase } from '../src/database/strict-database.js';
import { IndexedDbLogEngine } from '../src/log/indexed-db-log-engine.js';
import { AgeingLogEngine } from '../src/opfs/ageing-log-engine.js';

const confState = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const entry = (index: number) => ({ term: 1, index, type: 0 as const, data: Uint8Array.of(index) });

test('a batch for which the strict log of a new pool had no room is tried again, and is in neither twice', async () => {
  const database = await StrictDatabase.open(`ageing-${runtime.random()}`, runtime);
  const write = database.write.bind(database);
  const files = new MemoryFiles();
  const openPool = (): Promise<FileLogEngine> =>
    FileLogEngine.open({ files, folder: 'log', runtime, segmentBytes: 65_536 });
  const log = new AgeingLogEngine({
    strict: new IndexedDbLogEngine({ database, worker: 0 }),
    pool: await openPool(),
    runtime,
    ageMs: 60_000,
    trustPool: () => Promise.resolve(),
  });
  await log.recover();
  await log.append([{ group: 1, entries: [1, 2, 3, 4].map(entry) }]);
  // What it compacts cannot be replaced any more: twice, this is refused.
  const batch: LogBatch = [
    { group: 1, snapshotMark: { index: 4, term: 1, confState }, compactTo: 4, entries: [3, 4, 5].map(entry) },
  ];
  database.write = (path) => write(path, () => fullNow());
  for (let at = 0; at < 3; at++) await expect(log.append(batch)).rejects.toMatchObject({ code: 'StorageFull' });
  await expect(log.append([{ group: 1, entries: [entry(6)] }])).rejects.toMatchObject({ code: 'StorageFailed' });
  database.write = write;
  await log.append(batch);
  await log.append([{ group: 1, entries: [entry(6)] }]);
  await log.close();
  const strict = new IndexedDbLogEngine({ database, worker: 0 });
  const pool = await openPool();
  for (const each of [strict, pool]) {
    const [group] = await each.recover();
    expect(group?.entries.map(({ index }) => index)).toEqual([5, 6]);
    expect(group?.snapshotMark?.index).toBe(4);
    await each.close();
  }
  await database.close();
});

function fullNow(): never {
  throw new DOMException('', 'QuotaExceededError');
}
