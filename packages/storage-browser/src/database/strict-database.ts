import { get, promisifyRequest, set, type UseStore } from 'idb-keyval';
import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Durability } from '@flotilla/storage';
import { failed } from '@flotilla/storage/engine';
import { browserStorageError } from '../storage-error.js';
import { takeWebLock, type WebLock } from './web-lock.js';

const OBJECT_STORE = 'flotilla';
/** How often the database was opened: who opened it last owns it. */
const OWNER = ['owner'];

/**
 * One IndexedDB database with one object store, of one owner: a Web Lock, and a count of openings that every writing transaction compares, since
 * a lock can be stolen. All transactions that write are strict: without it Chromium syncs nothing, and a power cut takes seconds of writes.
 */
export class StrictDatabase {
  readonly name: string;
  readonly durability: Durability;
  readonly #database: IDBDatabase;
  readonly #lock: WebLock;
  readonly #owner: number;
  #open = true;

  private constructor(name: string, database: IDBDatabase, lock: WebLock, durability: Durability, owner: number) {
    this.name = name;
    this.#database = database;
    this.#lock = lock;
    this.durability = durability;
    this.#owner = owner;
    database.onversionchange = () => this.#end();
    database.onclose = () => this.#end();
    void lock.lost.then(() => this.#end());
  }

  /** @throws {FlotillaError} StorageLocked, StorageFailed, StorageFull */
  static async open(name: string, runtime: Pick<Runtime, 'setTimer'>): Promise<StrictDatabase> {
    const lock = await takeWebLock(name, runtime);
    let database: IDBDatabase | undefined;
    try {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(OBJECT_STORE);
      database = await promisifyRequest(request);
      const durability = database.transaction(OBJECT_STORE, 'readonly', { durability: 'strict' }).durability;
      const store = strictStore(database);
      const owner = ((await get<number>(OWNER, store)) ?? 0) + 1;
      await set(OWNER, owner, store);
      return new StrictDatabase(name, database, lock, durability === 'strict' ? 'power' : 'process', owner);
    } catch (error) {
      database?.close();
      await lock.release();
      throw browserStorageError('open', name, error);
    }
  }

  /** For reads by the functions of idb-keyval. */
  get store(): UseStore {
    return strictStore(this.#usable());
  }

  /**
   * One atomic strict transaction. Resolves once it is durable; `body` makes its requests at once. Where it throws, as `put` does for want of
   * memory, nothing is done.
   *
   * @throws {FlotillaError} StorageFull (nothing of it is done), StorageFailed (also where another context owns the database now)
   */
  async write(path: string, body: (store: IDBObjectStore) => void): Promise<void> {
    let stolen = false;
    try {
      await strictStore(this.#usable())('readwrite', (store) => {
        const owner: IDBRequest<unknown> = store.get(OWNER);
        owner.onsuccess = () => {
          stolen = owner.result !== this.#owner;
          if (stolen) store.transaction.abort();
        };
        try {
          body(store);
        } catch (thrown) {
          // What was asked for before would be done without the rest.
          store.transaction.abort();
          throw thrown;
        }
        return promisifyRequest(store.transaction);
      });
    } catch (error) {
      if (!stolen) throw browserStorageError('write', path, error);
      this.#end();
      throw failed('write', path, `another context opened the database ${this.name}`);
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#end();
    await this.#lock.release();
  }

  #end(): void {
    this.#open = false;
    this.#database.close();
  }

  #usable(): IDBDatabase {
    if (this.#open) return this.#database;
    throw new FlotillaError('StorageFailed', {
      message: `the database ${this.name} is closed, was deleted, or is another context's now`,
      details: { operation: 'use', path: this.name },
    });
  }
}

/** What idb-keyval calls a store: it asks for no durability by itself, and what it is given decides. */
function strictStore(database: IDBDatabase): UseStore {
  return async (mode, callback) =>
    callback(database.transaction(OBJECT_STORE, mode, { durability: 'strict' }).objectStore(OBJECT_STORE));
}

/** All keys that begin with these parts. */
export function keysUnder(...parts: readonly (string | number)[]): IDBKeyRange {
  return IDBKeyRange.bound([...parts], [...parts, []]);
}
