import type { Runtime } from '@flotilla/runtime';
import { type LogEngine, type NodeStorage, openStorage } from '@flotilla/storage';
import { corrupt, failed } from '@flotilla/storage/engine';
import { get } from 'idb-keyval';
import { StrictDatabase } from './database/strict-database.js';
import { IndexedDbFiles } from './files/indexed-db-files.js';
import { IndexedDbLogEngine } from './log/indexed-db-log-engine.js';

/** How a node's storage in a browser is opened. */
export interface OpenBrowserStorageOptions {
  /** Name of its database; one node each. */
  readonly name: string;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  /** See {@link IndexedDbLogOptions.compactFromBytes}. */
  readonly compactFromBytes?: number;
}

/**
 * Opens what one node stores in this browser: log, snapshots and catalog in one IndexedDB database, all of it strict, held by one page or
 * worker at a time. `durability` says what was got: `power` where transactions are strict, as in Chromium; else `process`.
 *
 * @throws StorageLocked, StorageCorrupt, IncompatibleVersion, StorageFull, StorageFailed
 */
export async function openBrowserStorage(options: OpenBrowserStorageOptions): Promise<NodeStorage> {
  const { name, runtime } = options;
  const database = await StrictDatabase.open(name);
  try {
    const files = await IndexedDbFiles.open(database);
    const storage = await openStorage({ files, runtime });
    return new BrowserStorage(database, storage, options.compactFromBytes);
  } catch (error) {
    await database.close();
    throw error;
  }
}

class BrowserStorage implements NodeStorage {
  readonly durability: NodeStorage['durability'];
  readonly snapshots: NodeStorage['snapshots'];
  readonly catalog: NodeStorage['catalog'];
  readonly #database: StrictDatabase;
  readonly #files: NodeStorage;
  readonly #compactFromBytes: number | undefined;
  readonly #logs = new Map<number, LogEngine>();
  #closed: Promise<void> | undefined;

  constructor(database: StrictDatabase, files: NodeStorage, compactFromBytes: number | undefined) {
    this.#database = database;
    this.#files = files;
    this.#compactFromBytes = compactFromBytes;
    this.durability = database.durability;
    this.snapshots = files.snapshots;
    this.catalog = files.catalog;
  }

  async log(worker: number): Promise<LogEngine> {
    const path = `${this.#database.name}/log-${worker}`;
    if (this.#logs.has(worker)) throw failed('open', path, 'it is open already');
    const begun = await get<boolean>(['begun', worker], this.#database.store);
    const head = await get<boolean>(['log', worker], this.#database.store);
    if (begun === true && head !== true) throw corrupt(path, 0, 'it was begun before, and is not there');
    await this.#database.write(path, (store) => {
      store.put(true, ['begun', worker]);
      store.put(true, ['log', worker]);
    });
    const log = new IndexedDbLogEngine({
      database: this.#database,
      worker,
      ...(this.#compactFromBytes === undefined ? {} : { compactFromBytes: this.#compactFromBytes }),
    });
    this.#logs.set(worker, log);
    return log;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const log of this.#logs.values()) await log.close();
    await this.#files.close();
    await this.#database.close();
  }
}
