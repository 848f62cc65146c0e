import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { get } from 'idb-keyval';
import { expect, test } from 'vitest';
import { StrictDatabase } from '../src/database/strict-database.js';
import { DatabaseFiles } from '../src/files/database-files.js';
import { IndexedDbLogEngine } from '../src/log/indexed-db-log-engine.js';
import type { SyncAccessHandle } from '../src/opfs/opfs-pool.js';
import { SlotContents } from '../src/opfs/slot-contents.js';

const openDatabase = (): Promise<StrictDatabase> => StrictDatabase.open(`half-done-${runtime.random()}`, runtime);

test('a file whose name finds no room holds no place in the pool: however often it is tried, there is one once there is room', async () => {
  const database = await openDatabase();
  const bytes = new Map<number, number>();
  const slot = (number: number): SyncAccessHandle => ({
    read: () => 0,
    write: ({ length }) => length,
    truncate: (size) => void bytes.set(number, size),
    getSize: () => bytes.get(number) ?? 0,
    flush: () => undefined,
    close: () => undefined,
  });
  const pool = { slots: [slot(0), slot(1)], created: new Set<number>(), close: () => undefined };
  const files = await DatabaseFiles.open(database, { tree: 'pool', contents: new SlotContents('pool', pool, 'power') });
  const write = database.write.bind(database);
  database.write = () => Promise.reject(new DOMException('', 'QuotaExceededError'));
  for (let at = 0; at < 5; at++) {
    await expect(files.open('a', { create: true })).rejects.toMatchObject({ name: 'QuotaExceededError' });
  }
  database.write = write;
  await files.open('a', { create: true });
  await files.open('b', { create: true });
  await expect(files.open('c', { create: true })).rejects.toMatchObject({ code: 'StorageFull' });
  await database.close();
});

test('of a transaction whose body throws half-way nothing is done', async () => {
  const database = await openDatabase();
  await database.write('before', (store) => store.put(1, ['a']));
  const halfway = database.write('half', (store) => {
    store.delete(['a']);
    store.put(2, ['b']);
    store.put(() => 'cannot be cloned', ['c']);
  });
  await expect(halfway).rejects.toMatchObject({ code: 'StorageFailed' });
  expect(await get(['a'], database.store)).toBe(1);
  expect(await get(['b'], database.store)).toBeUndefined();
  await database.write('after', (store) => store.put(3, ['b']));
  await database.close();
});

test('a compaction that throws half-way leaves the log as it was, and is the end of the engine', async () => {
  const database = await openDatabase();
  const write = database.write.bind(database);
  database.write = (path, body) =>
    write(path, (store) => {
      // As `put` does for want of memory.
      const put = (value: unknown, key: IDBValidKey): IDBRequest<IDBValidKey> => {
        if (Array.isArray(key) && key[2] === 'base') throw new DOMException('out of memory', 'DataCloneError');
        return IDBObjectStore.prototype.put.call(store, value, key);
      };
      body(new Proxy(store, { get: (of, name) => (name === 'put' ? put : boundIn(of, name)) }));
    });
  const log = new IndexedDbLogEngine({ database, worker: 0, compactFromBytes: 2_000 });
  await log.recover();
  const append = (index: number): Promise<void> =>
    log.append([
      {
        group: 1,
        hardState: { term: 1, vote: 1, commit: index },
        ...(index % 5 === 0
          ? {
              snapshotMark: {
                index: index - 1,
                term: 1,
                confState: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
              },
              compactTo: index - 1,
            }
          : {}),
        entries: [{ term: 1, index, type: 0, data: new Uint8Array(200) }],
      },
    ]);
  let last = 0;
  let error: unknown;
  for (let index = 1; index <= 100 && error === undefined; index++) {
    await append(index).then(
      () => (last = index),
      (reason: unknown) => (error = reason),
    );
  }
  expect(error).toMatchObject({ code: 'StorageFailed' });
  await log.close();
  database.write = write;
  const again = new IndexedDbLogEngine({ database, worker: 0 });
  const [group] = await again.recover();
  expect(group?.entries.at(-1)?.index).toBe(last);
  await again.close();
  await database.close();
});

function boundIn(of: IDBObjectStore, name: string | symbol): unknown {
  const value: unknown = Reflect.get(of, name, of);
  return typeof value === 'function' ? value.bind(of) : value;
}
