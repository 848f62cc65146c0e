import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { expect, test } from 'vitest';
import { StrictDatabase } from '../src/database/strict-database.js';
import { IndexedDbLogEngine } from '../src/log/indexed-db-log-engine.js';
import { browserStorageError } from '../src/storage-error.js';

// How IndexedDB says that a quota is full: the transaction aborts, all of it undone, with an error of this name. The browsers' own accounts of
// quota are cached and estimated, so that no test can bring one about at a given byte.
const quotaExceeded = (): Error => browserStorageError('write', 'log', new DOMException('', 'QuotaExceededError'));

test('a quota that is full is StorageFull: nothing of the appends that wait is done, and the engine goes on', async () => {
  const database = await StrictDatabase.open(`quota-${runtime.random()}`, runtime);
  let isFull = false;
  const write = database.write.bind(database);
  database.write = (path, body) => (isFull ? Promise.reject(quotaExceeded()) : write(path, body));
  const log = new IndexedDbLogEngine({ database, worker: 0 });
  await log.recover();
  const append = (index: number, term: number): Promise<void> =>
    log.append([{ group: 1, entries: [{ term, index, type: 0, data: Uint8Array.of(index) }] }]);
  await append(1, 1);
  isFull = true;
  for (const { status, ...rest } of await Promise.allSettled([append(2, 1), append(3, 1)])) {
    expect(status).toBe('rejected');
    expect(rest).toMatchObject({ reason: { code: 'StorageFull', outcome: 'definite' } });
  }
  await expect(append(3, 1)).rejects.toMatchObject({ code: 'InvalidArgument' });
  isFull = false;
  await append(2, 2);
  await log.close();
  const again = new IndexedDbLogEngine({ database, worker: 0 });
  expect((await again.recover())[0]?.entries.map((entry) => entry.term)).toEqual([1, 2]);
  await again.close();
  await database.close();
});

test('any other failure ends the engine: a later success would prove nothing', async () => {
  const database = await StrictDatabase.open(`failed-${runtime.random()}`, runtime);
  const write = database.write.bind(database);
  const log = new IndexedDbLogEngine({ database, worker: 0 });
  await log.recover();
  database.write = () => Promise.reject(browserStorageError('write', 'log', new DOMException('', 'UnknownError')));
  const state = { group: 1, hardState: { term: 1, vote: 1, commit: 0 } };
  await expect(log.append([state])).rejects.toMatchObject({ code: 'StorageFailed' });
  database.write = write;
  await expect(log.append([state])).rejects.toMatchObject({ code: 'StorageFailed' });
  await log.close();
  await database.close();
});
