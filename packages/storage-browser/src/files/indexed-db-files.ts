import { get } from 'idb-keyval';
import { FlotillaError } from '@flotilla/errors';
import type { Durability, FileHandle, Files, FolderLock, OpenOptions } from '@flotilla/storage';
import { failed, invalid } from '@flotilla/storage/engine';
import { keysUnder, type StrictDatabase } from '../database/strict-database.js';

/** Bytes of a chunk: a file is a row of them, each a value of the database. */
const CHUNK_BYTES = 64 * 1024;
/** What is written and not synced is held in memory up to here, then written out. */
const UNSYNCED_BYTES_MAX = 4 * 1024 * 1024;

/** What the database knows of a file, under its path. */
interface FileRecord {
  readonly id: number;
  readonly size: number;
}

/** One file, whatever its name is now. */
interface Inode {
  readonly id: number;
  size: number;
  /** As of the last sync. */
  durableSize: number;
  /** Undefined: no name any more. Its chunks go with its last handle. */
  path: string | undefined;
  handles: number;
  /** Chunks that were written and not synced. */
  readonly unsynced: Map<number, Uint8Array<ArrayBuffer>>;
  /** Chunks on their way to the disk: never changed. */
  readonly syncing: Map<number, Uint8Array<ArrayBuffer>>;
}

/**
 * A tree of files in a database, for what is small and must be right: catalog, identity, snapshots. Changes of names are durable at once,
 * contents once they are synced.
 */
export class IndexedDbFiles implements Files {
  readonly durability: Durability;
  readonly #database: StrictDatabase;
  readonly #files = new Map<string, Inode>();
  readonly #folders = new Set<string>(['']);
  readonly #locks = new Set<string>();
  #nextId = 1;

  private constructor(database: StrictDatabase) {
    this.#database = database;
    this.durability = database.durability;
  }

  /** Reads the names; drops chunks that no name leads to, as a context that died leaves behind. @throws StorageFailed, StorageFull */
  static async open(database: StrictDatabase): Promise<IndexedDbFiles> {
    const files = new IndexedDbFiles(database);
    const records = await database.store('readonly', (store) => {
      const range = keysUnder('file');
      const keys = store.getAllKeys(range);
      const values = store.getAll(range);
      const folders = store.getAllKeys(keysUnder('folder'));
      const chunks = store.getAllKeys(keysUnder('chunk'));
      return new Promise<{ files: [string, FileRecord][]; folders: string[]; chunkIds: Set<number> }>(
        (resolve, reject) => {
          store.transaction.oncomplete = () =>
            resolve({
              files: keys.result.map((key, at) => [(key as string[])[1] ?? '', values.result[at] as FileRecord]),
              folders: folders.result.map((key) => (key as string[])[1] ?? ''),
              chunkIds: new Set(chunks.result.map((key) => (key as number[])[1] ?? 0)),
            });
          store.transaction.onabort = () => reject(failed('open', database.name, store.transaction.error));
        },
      );
    });
    for (const folder of records.folders) files.#folders.add(folder);
    for (const [path, { id, size }] of records.files) {
      files.#files.set(path, { id, size, durableSize: size, path, handles: 0, unsynced: new Map(), syncing: new Map() });
      records.chunkIds.delete(id);
      files.#nextId = Math.max(files.#nextId, id + 1);
    }
    for (const id of records.chunkIds) files.#nextId = Math.max(files.#nextId, id + 1);
    if (records.chunkIds.size > 0) {
      await database.write(database.name, (store) => {
        for (const id of records.chunkIds) store.delete(keysUnder('chunk', id));
      });
    }
    return files;
  }

  async open(path: string, options: OpenOptions = {}): Promise<FileHandle> {
    const name = normalized(path);
    this.#requireFolder('open', name);
    if (this.#folders.has(name)) throw failed('open', path, 'it is a folder');
    let inode = this.#files.get(name);
    if (inode === undefined) {
      if (options.create !== true) throw failed('open', path, 'no such file');
      inode = { id: this.#nextId++, size: 0, durableSize: 0, path: name, handles: 0, unsynced: new Map(), syncing: new Map() };
      this.#files.set(name, inode);
      const record: FileRecord = { id: inode.id, size: 0 };
      await this.#database.write(name, (store) => void store.put(record, ['file', name]));
    }
    inode.handles++;
    return new IndexedDbFileHandle(name, inode, options.dataSync === true, this.#database, this.#host);
  }

  list(folder: string): Promise<readonly string[]> {
    const prefix = normalized(folder) === '' ? '' : `${normalized(folder)}/`;
    const names = new Set<string>();
    for (const path of [...this.#files.keys(), ...this.#folders]) {
      if (path !== '' && path.startsWith(prefix) && path.length > prefix.length) {
        names.add(path.slice(prefix.length).split('/')[0] ?? '');
      }
    }
    return Promise.resolve([...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  async makeFolder(folder: string): Promise<void> {
    const parts = normalized(folder).split('/');
    const missing = parts
      .map((_, at) => parts.slice(0, at + 1).join('/'))
      .filter((path) => path !== '' && !this.#folders.has(path));
    for (const path of missing) {
      if (this.#files.has(path)) throw failed('makeFolder', folder, `${path} is a file`);
    }
    if (missing.length === 0) return;
    await this.#database.write(folder, (store) => missing.forEach((path) => store.put(true, ['folder', path])));
    for (const path of missing) this.#folders.add(path);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = normalized(from);
    const target = normalized(to);
    if (folderOf(source) !== folderOf(target)) throw invalid('to', `${to} is not in the folder of ${from}`);
    const inode = this.#files.get(source);
    if (inode === undefined) throw failed('rename', from, 'no such file');
    const replaced = source === target ? undefined : this.#files.get(target);
    if (source === target) return;
    this.#files.delete(source);
    this.#files.set(target, inode);
    inode.path = target;
    if (replaced !== undefined) replaced.path = undefined;
    const record: FileRecord = { id: inode.id, size: inode.durableSize };
    await this.#database.write(to, (store) => {
      store.delete(['file', source]);
      store.put(record, ['file', target]);
      if (replaced?.handles === 0) store.delete(keysUnder('chunk', replaced.id));
    });
  }

  async remove(path: string): Promise<void> {
    const name = normalized(path);
    if (this.#folders.has(name)) throw failed('remove', path, 'it is a folder');
    const inode = this.#files.get(name);
    if (inode === undefined) return;
    this.#files.delete(name);
    inode.path = undefined;
    await this.#database.write(path, (store) => {
      store.delete(['file', name]);
      if (inode.handles === 0) store.delete(keysUnder('chunk', inode.id));
    });
  }

  syncFolder(folder: string): Promise<void> {
    const name = normalized(folder);
    if (!this.#folders.has(name)) return Promise.reject(failed('syncFolder', folder, 'no such folder'));
    return Promise.resolve();
  }

  /** Within this database, which has one owner. */
  lock(folder: string): Promise<FolderLock> {
    const name = normalized(folder);
    if (this.#locks.has(name)) {
      return Promise.reject(
        new FlotillaError('StorageLocked', {
          message: `the folder ${folder} of ${this.#database.name} is in use already, by this very context`,
          details: { path: folder },
        }),
      );
    }
    this.#locks.add(name);
    const release = (): Promise<void> => {
      this.#locks.delete(name);
      return Promise.resolve();
    };
    return Promise.resolve({ release, [Symbol.asyncDispose]: release });
  }

  readonly #host: InodeHost = {
    sync: (inode) => this.#sync(inode),
    closed: (inode) => this.#closed(inode),
  };


  /** All that was written goes out in one transaction, the size with it. Transactions happen in the order in which they were begun. */
  async #sync(inode: Inode): Promise<void> {
    const { id, size, path, unsynced, syncing } = inode;
    const chunks = [...unsynced];
    unsynced.clear();
    for (const [number, bytes] of chunks) syncing.set(number, bytes);
    try {
      await this.#database.write(path ?? '(a file without a name)', (store) => {
        for (const [number, bytes] of chunks) store.put(bytes.buffer, ['chunk', id, number]);
        if (path !== undefined) store.put({ id, size } satisfies FileRecord, ['file', path]);
      });
      inode.durableSize = size;
    } catch (error) {
      for (const [number, bytes] of chunks) if (!unsynced.has(number)) unsynced.set(number, bytes);
      throw error;
    } finally {
      for (const [number, bytes] of chunks) if (syncing.get(number) === bytes) syncing.delete(number);
    }
  }

  async #closed(inode: Inode): Promise<void> {
    inode.handles--;
    if (inode.path !== undefined || inode.handles > 0) return;
    await this.#database.write('(a file without a name)', (store) => store.delete(keysUnder('chunk', inode.id)));
  }

  #requireFolder(operation: string, path: string): void {
    if (!this.#folders.has(folderOf(path))) throw failed(operation, path, 'its folder does not exist');
  }
}

/** What a handle asks of its tree. */
interface InodeHost {
  sync(inode: Inode): Promise<void>;
  closed(inode: Inode): Promise<void>;
}

class IndexedDbFileHandle implements FileHandle {
  readonly path: string;
  readonly #inode: Inode;
  readonly #dataSync: boolean;
  readonly #database: StrictDatabase;
  readonly #host: InodeHost;
  #closed = false;

  constructor(path: string, inode: Inode, dataSync: boolean, database: StrictDatabase, host: InodeHost) {
    this.path = path;
    this.#inode = inode;
    this.#dataSync = dataSync;
    this.#database = database;
    this.#host = host;
  }

  async size(): Promise<number> {
    this.#check('size');
    return this.#inode.size;
  }

  async readAt(position: number, target: Uint8Array): Promise<number> {
    this.#check('readAt');
    const end = Math.min(this.#inode.size, position + target.length);
    for (let at = position; at < end; ) {
      const number = Math.floor(at / CHUNK_BYTES);
      const within = at - number * CHUNK_BYTES;
      const length = Math.min(end - at, CHUNK_BYTES - within);
      const chunk = await this.#chunk(number);
      target.fill(0, at - position, at - position + length);
      if (chunk !== undefined) target.set(chunk.subarray(within, within + length), at - position);
      at += length;
    }
    return Math.max(0, end - position);
  }

  async writeAt(position: number, bytes: Uint8Array): Promise<void> {
    this.#check('writeAt');
    const inode = this.#inode;
    for (let at = 0; at < bytes.length; ) {
      const number = Math.floor((position + at) / CHUNK_BYTES);
      const within = position + at - number * CHUNK_BYTES;
      const length = Math.min(bytes.length - at, CHUNK_BYTES - within);
      const stored = inode.unsynced.has(number) ? undefined : await this.#chunk(number);
      // What another write did to the chunk meanwhile stays.
      let chunk = inode.unsynced.get(number);
      if (chunk === undefined) {
        chunk = (inode.syncing.get(number) ?? stored)?.slice() ?? new Uint8Array(CHUNK_BYTES);
        inode.unsynced.set(number, chunk);
      }
      chunk.set(bytes.subarray(at, at + length), within);
      at += length;
    }
    inode.size = Math.max(inode.size, position + bytes.length);
    if (this.#dataSync || inode.unsynced.size * CHUNK_BYTES > UNSYNCED_BYTES_MAX) await this.#host.sync(inode);
  }

  async sync(): Promise<void> {
    this.#check('sync');
    await this.#host.sync(this.#inode);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#host.closed(this.#inode);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #chunk(number: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const unsynced = this.#inode.unsynced.get(number) ?? this.#inode.syncing.get(number);
    if (unsynced !== undefined) return unsynced;
    const stored = await get<ArrayBuffer>(['chunk', this.#inode.id, number], this.#database.store);
    return stored === undefined ? undefined : new Uint8Array(stored);
  }

  #check(operation: string): void {
    if (this.#closed) throw failed(operation, this.path, 'the handle is closed');
  }
}

/** @throws {FlotillaError} InvalidArgument */
function normalized(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw invalid('path', `${path} leads out of the tree`);
  return parts.join('/');
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
