import { get } from 'idb-keyval';
import type { Durability } from '@flotilla/storage';
import { failed } from '@flotilla/storage/engine';
import { keysUnder, type StrictDatabase } from '../database/strict-database.js';
import type { FileContent, FileContents } from './file-contents.js';

/** Bytes of a chunk: a file is a row of them, each a value of the database. */
const CHUNK_BYTES = 64 * 1024;
/** What is written and not synced is held in memory up to here, then written out. */
const UNSYNCED_BYTES_MAX = 4 * 1024 * 1024;

type Chunk = Uint8Array<ArrayBuffer>;

/** Files as rows of chunks in the database: for what is small and must be right. */
export class ChunkContents implements FileContents {
  readonly durability: Durability;
  readonly #database: StrictDatabase;
  #nextId = 1;

  constructor(database: StrictDatabase) {
    this.#database = database;
    this.durability = database.durability;
  }

  async load(ids: ReadonlySet<number>): Promise<ReadonlyMap<number, FileContent>> {
    const { name } = this.#database;
    const found = await this.#database.store('readonly', (store) => {
      const keys = store.getAllKeys(keysUnder('size'));
      const sizes = store.getAll(keysUnder('size'));
      return new Promise<readonly (readonly [number, number])[]>((resolve, reject) => {
        store.transaction.oncomplete = () =>
          resolve(keys.result.map((key, at) => [(key as number[])[1] ?? 0, Number(sizes.result[at])] as const));
        store.transaction.onabort = () => reject(failed('open', name, store.transaction.error));
      });
    });
    const contents = new Map<number, FileContent>();
    const orphans: number[] = [];
    for (const [id, size] of found) {
      this.#nextId = Math.max(this.#nextId, id + 1);
      if (ids.has(id)) contents.set(id, new ChunkContent(id, size, this.#database));
      else orphans.push(id);
    }
    if (orphans.length > 0) await this.#database.write(name, (store) => orphans.forEach((id) => dropIn(store, id)));
    return contents;
  }

  async create(): Promise<FileContent> {
    const id = this.#nextId++;
    await this.#database.write(`file ${id}`, (store) => store.put(0, ['size', id]));
    return new ChunkContent(id, 0, this.#database);
  }

  async drop({ id }: FileContent): Promise<void> {
    await this.#database.write(`file ${id}`, (store) => dropIn(store, id));
  }
}

function dropIn(store: IDBObjectStore, id: number): void {
  store.delete(['size', id]);
  store.delete(keysUnder('chunk', id));
}

class ChunkContent implements FileContent {
  readonly id: number;
  size: number;
  readonly #database: StrictDatabase;
  /** Chunks that were written and not synced. */
  readonly #unsynced = new Map<number, Chunk>();
  /** Chunks on their way to the disk: never changed. */
  readonly #syncing = new Map<number, Chunk>();

  constructor(id: number, size: number, database: StrictDatabase) {
    this.id = id;
    this.size = size;
    this.#database = database;
  }

  async readAt(position: number, target: Uint8Array): Promise<number> {
    const end = Math.min(this.size, position + target.length);
    for (let at = position; at < end;) {
      const number = Math.floor(at / CHUNK_BYTES);
      const within = at - number * CHUNK_BYTES;
      const length = Math.min(end - at, CHUNK_BYTES - within);
      const chunk = await this.#chunk(number);
      const piece = target.subarray(at - position, at - position + length);
      if (chunk === undefined) piece.fill(0);
      else piece.set(chunk.subarray(within, within + length));
      at += length;
    }
    return Math.max(0, end - position);
  }

  async writeAt(position: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const number = Math.floor((position + at) / CHUNK_BYTES);
      const within = position + at - number * CHUNK_BYTES;
      const length = Math.min(bytes.length - at, CHUNK_BYTES - within);
      const stored = this.#unsynced.has(number) ? undefined : await this.#chunk(number);
      // What another write did to the chunk meanwhile stays.
      let chunk = this.#unsynced.get(number);
      if (chunk === undefined) {
        chunk = (this.#syncing.get(number) ?? stored)?.slice() ?? new Uint8Array(CHUNK_BYTES);
        this.#unsynced.set(number, chunk);
      }
      chunk.set(bytes.subarray(at, at + length), within);
      at += length;
    }
    this.size = Math.max(this.size, position + bytes.length);
    if (this.#unsynced.size * CHUNK_BYTES > UNSYNCED_BYTES_MAX) await this.sync();
  }

  /** All that was written goes out in one transaction, the size with it. Transactions happen in the order in which they were begun. */
  async sync(): Promise<void> {
    const { id, size } = this;
    const chunks = [...this.#unsynced];
    this.#unsynced.clear();
    for (const [number, chunk] of chunks) this.#syncing.set(number, chunk);
    try {
      await this.#database.write(`file ${id}`, (store) => {
        for (const [number, chunk] of chunks) store.put(chunk.buffer, ['chunk', id, number]);
        store.put(size, ['size', id]);
      });
    } catch (error) {
      for (const [number, chunk] of chunks) if (!this.#unsynced.has(number)) this.#unsynced.set(number, chunk);
      throw error;
    } finally {
      for (const [number, chunk] of chunks) if (this.#syncing.get(number) === chunk) this.#syncing.delete(number);
    }
  }

  async #chunk(number: number): Promise<Chunk | undefined> {
    const held = this.#unsynced.get(number) ?? this.#syncing.get(number);
    if (held !== undefined) return held;
    const stored = await get<ArrayBuffer>(['chunk', this.id, number], this.#database.store);
    return stored === undefined ? undefined : new Uint8Array(stored);
  }
}
