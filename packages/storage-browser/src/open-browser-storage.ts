import { get } from 'idb-keyval';
import type { Runtime } from '@flotilla/runtime';
import { type LogEngine, type NodeStorage, openStorage } from '@flotilla/storage';
import { corrupt, failed, OpenLogs } from '@flotilla/storage/engine';
import { StrictDatabase } from './database/strict-database.js';
import { ChunkContents } from './files/chunk-contents.js';
import { DatabaseFiles } from './files/database-files.js';
import { IndexedDbLogEngine } from './log/indexed-db-log-engine.js';
import { openOpfsLog } from './opfs/open-opfs-log.js';

/** The log in the origin's private file system: faster, in a dedicated worker only. */
export interface OpfsOptions {
  readonly kind: 'opfs';
  /** Files of the pool, made once (default 64). A log that needs more is full. */
  readonly poolFiles?: number;
  /** Size of a segment (default 4 MiB), as for other files. */
  readonly segmentBytes?: number;
  /**
   * How long the files must have been there before their names are taken for durable (default 60,000 ms): until then the log is written to
   * IndexedDB too. A guess about the system beneath the browser, which wrote them back within 34 s where it was measured.
   */
  readonly ageMs?: number;
}

/** The log in IndexedDB: in windows and workers of all kinds. */
export interface IndexedDbOptions {
  readonly kind: 'indexeddb';
  /** Bytes of blobs from which on compaction is thought of (default 4 MiB). */
  readonly compactFromBytes?: number;
}

/** How a node's storage in a browser is opened. */
export interface OpenBrowserStorageOptions {
  /** Name of its database; one node each. */
  readonly name: string;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes' | 'setTimer'>;
  /** Where the log is (default IndexedDB). A database keeps the kind that it was begun with. */
  readonly log?: IndexedDbOptions | OpfsOptions;
}

const POOL_FILES_DEFAULT = 64;
const SEGMENT_BYTES_DEFAULT = 4 * 1024 * 1024;
const AGE_MS_DEFAULT = 60_000;

/**
 * Opens what one node stores in this browser: snapshots and catalog in one IndexedDB database, all of it strict, and the log there too or in the
 * origin's private file system; held by one page or worker at a time. `durability` says what was got: `power` where transactions are strict,
 * as in Chromium; else `process`.
 *
 * @throws StorageLocked, StorageCorrupt, IncompatibleVersion, StorageFull, StorageFailed
 */
export async function openBrowserStorage(options: OpenBrowserStorageOptions): Promise<NodeStorage> {
  const { name, runtime } = options;
  const database = await StrictDatabase.open(name, runtime);
  try {
    const files = await DatabaseFiles.open(database, { tree: 'files', contents: new ChunkContents(database) });
    return new BrowserStorage(database, await openStorage({ files, runtime }), options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Of a log that was begun: a database in which it is missing later was tampered with. */
type Begun = 'indexeddb' | 'opfs';

class BrowserStorage implements NodeStorage {
  readonly durability: NodeStorage['durability'];
  readonly snapshots: NodeStorage['snapshots'];
  readonly catalog: NodeStorage['catalog'];
  readonly #database: StrictDatabase;
  readonly #files: NodeStorage;
  readonly #options: OpenBrowserStorageOptions;
  readonly #logs = new OpenLogs((worker) => this.#openLog(worker));
  #closed: Promise<void> | undefined;

  constructor(database: StrictDatabase, files: NodeStorage, options: OpenBrowserStorageOptions) {
    this.#database = database;
    this.#files = files;
    this.#options = options;
    this.durability = database.durability;
    this.snapshots = files.snapshots;
    this.catalog = files.catalog;
  }

  log(worker: number): Promise<LogEngine> {
    return this.#logs.open(worker);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Notes beside the catalog which logs there are, so that one that vanished is not taken for a fresh one. */
  async #begin(worker: number, path: string): Promise<void> {
    const kind: Begun = this.#options.log?.kind ?? 'indexeddb';
    const begun = await get<Begun>(['begun', worker], this.#database.store);
    const head = await get<Begun>(['head', worker], this.#database.store);
    if (begun !== head) throw corrupt(path, 0, 'it was begun before, and is not there');
    if (begun === kind) return;
    if (begun !== undefined) throw failed('open', path, `it is of the kind ${begun}, not ${kind}`);
    await this.#database.write(path, (store) => {
      store.put(kind, ['begun', worker]);
      store.put(kind, ['head', worker]);
    });
  }

  async #openLog(worker: number): Promise<LogEngine> {
    await this.#begin(worker, `${this.#database.name}/log-${worker}`);
    const { log = { kind: 'indexeddb' }, runtime } = this.#options;
    const database = this.#database;
    if (log.kind === 'indexeddb') return new IndexedDbLogEngine({ ...log, database, worker });
    const { poolFiles = POOL_FILES_DEFAULT, segmentBytes = SEGMENT_BYTES_DEFAULT, ageMs = AGE_MS_DEFAULT } = log;
    return openOpfsLog({ database, worker, runtime, poolFiles, segmentBytes, ageMs });
  }

  async #close(): Promise<void> {
    try {
      await this.#logs.close();
      await this.#files.close();
    } finally {
      await this.#database.close();
    }
  }
}
