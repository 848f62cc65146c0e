import { get } from 'idb-keyval';
import type { Runtime } from '@flotilla/runtime';
import { FileLogEngine, type LogEngine } from '@flotilla/storage';
import { corrupt } from '@flotilla/storage/engine';
import { keysUnder, type StrictDatabase } from '../database/strict-database.js';
import { DatabaseFiles } from '../files/database-files.js';
import { IndexedDbLogEngine } from '../log/indexed-db-log-engine.js';
import { AgeingLogEngine } from './ageing-log-engine.js';
import { openOpfsPool } from './opfs-pool.js';
import { SlotContents } from './slot-contents.js';

/** How the log of a worker is opened in the origin's private file system. */
export interface OpfsLogOptions {
  readonly database: StrictDatabase;
  readonly worker: number;
  readonly runtime: Pick<Runtime, 'randomBytes' | 'setTimer'>;
  readonly poolFiles: number;
  readonly segmentBytes: number;
  readonly ageMs: number;
}

/**
 * The segmented log in a pool of files; beside the strict log while the pool is new. Closing it closes the pool.
 *
 * @throws StorageCorrupt where files of a pool that was trusted are gone, StorageFailed, StorageFull
 */
export async function openOpfsLog(options: OpfsLogOptions): Promise<LogEngine> {
  const { database, worker, runtime, poolFiles, segmentBytes, ageMs } = options;
  const path = `${database.name}-log-${worker}`;
  const tree = `pool-${worker}`;
  const trusted = (await get<boolean>([tree, 'trusted'], database.store)) === true;
  const pool = await openOpfsPool(path, poolFiles);
  try {
    if (!trusted) await database.write(path, (store) => store.delete(keysUnder(tree)));
    const lost: string[] = [];
    const files = await DatabaseFiles.open(database, {
      tree,
      contents: new SlotContents(path, pool, trusted ? database.durability : 'process'),
      lost: (name) => lost.push(name),
    });
    const [missing] = lost;
    if (missing !== undefined) throw corrupt(`${path}/${missing}`, 0, 'it was written before, and is not there');
    const log = await FileLogEngine.open({ files, folder: 'log', runtime, segmentBytes });
    const engine = trusted
      ? log
      : new AgeingLogEngine({
          strict: new IndexedDbLogEngine({ database, worker }),
          pool: log,
          runtime,
          ageMs,
          trustPool: () =>
            database.write(path, (store) => {
              store.put(true, [tree, 'trusted']);
              store.delete(keysUnder('log', worker));
            }),
        });
    return new PooledLog(engine, () => pool.close());
  } catch (error) {
    pool.close();
    throw error;
  }
}

/** A log that owns the files beneath it. */
class PooledLog implements LogEngine {
  readonly durability: LogEngine['durability'];
  readonly #engine: LogEngine;
  readonly #closePool: () => void;
  #closed: Promise<void> | undefined;

  constructor(engine: LogEngine, closePool: () => void) {
    this.#engine = engine;
    this.#closePool = closePool;
    this.durability = engine.durability;
  }

  recover(): ReturnType<LogEngine['recover']> {
    return this.#engine.recover();
  }

  append(batch: Parameters<LogEngine['append']>[0]): Promise<void> {
    return this.#engine.append(batch);
  }

  stats(): ReturnType<LogEngine['stats']> {
    return this.#engine.stats();
  }

  close(): Promise<void> {
    this.#closed ??= this.#engine.close().finally(this.#closePool);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
