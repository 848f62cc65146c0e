import { FlotillaError } from '@flotilla/errors';
import type { Durability, FileHandle, Files, FolderLock, OpenOptions } from '@flotilla/storage';
import { failed, invalid } from '@flotilla/storage/engine';
import { keysUnder, type StrictDatabase } from '../database/strict-database.js';
import type { FileContent, FileContents } from './file-contents.js';

/** One file, whatever its name is now. */
interface Inode {
  readonly content: FileContent;
  /** A file without a name goes with its last handle. */
  named: boolean;
  handles: number;
}

/**
 * A tree of files whose names are in a strict database, and whose bytes are wherever `contents` keeps them. Changes of names are durable at
 * once, bytes once they are synced. Keys begin with `tree`, so that a database can hold several.
 */
export class DatabaseFiles implements Files {
  readonly durability: Durability;
  readonly #database: StrictDatabase;
  readonly #tree: string;
  readonly #contents: FileContents;
  readonly #files = new Map<string, Inode>();
  /** Files that are being made, by name. */
  readonly #making = new Map<string, Promise<Inode>>();
  readonly #folders = new Set<string>(['']);
  readonly #locks = new Set<string>();

  private constructor(database: StrictDatabase, tree: string, contents: FileContents) {
    this.#database = database;
    this.#tree = tree;
    this.#contents = contents;
    this.durability = contents.durability;
  }

  /** Reads the names. Those whose bytes are gone are told, and are no names any more. @throws StorageFailed, StorageFull */
  static async open(
    database: StrictDatabase,
    options: {
      readonly tree: string;
      readonly contents: FileContents;
      readonly lost?: (path: string) => void;
    },
  ): Promise<DatabaseFiles> {
    const { tree, contents } = options;
    const files = new DatabaseFiles(database, tree, contents);
    const names = await namesIn(database, tree);
    for (const folder of names.folders) files.#folders.add(folder);
    const found = await contents.load(new Set(names.files.map(([, id]) => id)));
    for (const [path, id] of names.files) {
      const content = found.get(id);
      if (content !== undefined) files.#files.set(path, { content, named: true, handles: 0 });
      else {
        await database.write(path, (store) => store.delete([tree, 'file', path]));
        options.lost?.(path);
      }
    }
    return files;
  }

  async open(path: string, options: OpenOptions = {}): Promise<FileHandle> {
    const name = normalized(path);
    if (!this.#folders.has(folderOf(name))) throw failed('open', path, 'its folder does not exist');
    if (this.#folders.has(name)) throw failed('open', path, 'it is a folder');
    let inode = this.#files.get(name);
    if (inode === undefined) {
      if (options.create !== true) throw failed('open', path, 'no such file');
      inode = await this.#made(name);
    }
    inode.handles++;
    return new DatabaseFileHandle(name, inode, options.dataSync === true, () => this.#closed(inode));
  }

  /** The new file of a name; one for all who ask for it meanwhile. */
  #made(name: string): Promise<Inode> {
    let making = this.#making.get(name);
    if (making === undefined) {
      making = this.#make(name).finally(() => this.#making.delete(name));
      this.#making.set(name, making);
    }
    return making;
  }

  async #make(name: string): Promise<Inode> {
    const content = await this.#contents.create();
    try {
      await this.#database.write(name, (store) => store.put(content.id, [this.#tree, 'file', name]));
    } catch (error) {
      // What cannot be dropped either goes when the tree is opened again: nothing leads to it.
      await this.#contents.drop(content).catch(() => undefined);
      throw error;
    }
    const inode: Inode = { content, named: true, handles: 0 };
    this.#files.set(name, inode);
    return inode;
  }

  list(folder: string): Promise<readonly string[]> {
    const name = normalized(folder);
    const prefix = name === '' ? '' : `${name}/`;
    const names = new Set<string>();
    for (const path of [...this.#files.keys(), ...this.#folders]) {
      if (path.startsWith(prefix) && path.length > prefix.length) {
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
    for (const path of missing) if (this.#files.has(path)) throw failed('makeFolder', folder, `${path} is a file`);
    if (missing.length === 0) return;
    await this.#database.write(folder, (store) => {
      for (const path of missing) store.put(true, [this.#tree, 'folder', path]);
    });
    for (const path of missing) this.#folders.add(path);
  }

  async rename(from: string, to: string): Promise<void> {
    const source = normalized(from);
    const target = normalized(to);
    if (folderOf(source) !== folderOf(target)) throw invalid('to', `${to} is not in the folder of ${from}`);
    const inode = this.#files.get(source);
    if (inode === undefined) throw failed('rename', from, 'no such file');
    if (source === target) return;
    const replaced = this.#files.get(target);
    await this.#database.write(to, (store) => {
      store.delete([this.#tree, 'file', source]);
      store.put(inode.content.id, [this.#tree, 'file', target]);
    });
    this.#files.delete(source);
    this.#files.set(target, inode);
    if (replaced !== undefined) await this.#unnamed(replaced);
  }

  async remove(path: string): Promise<void> {
    const name = normalized(path);
    if (this.#folders.has(name)) throw failed('remove', path, 'it is a folder');
    const inode = this.#files.get(name);
    if (inode === undefined) return;
    await this.#database.write(path, (store) => store.delete([this.#tree, 'file', name]));
    this.#files.delete(name);
    await this.#unnamed(inode);
  }

  syncFolder(folder: string): Promise<void> {
    if (this.#folders.has(normalized(folder))) return Promise.resolve();
    return Promise.reject(failed('syncFolder', folder, 'no such folder'));
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

  async #unnamed(inode: Inode): Promise<void> {
    inode.named = false;
    if (inode.handles === 0) await this.#contents.drop(inode.content);
  }

  async #closed(inode: Inode): Promise<void> {
    inode.handles--;
    if (!inode.named && inode.handles === 0) await this.#contents.drop(inode.content);
  }
}

interface Names {
  readonly files: readonly (readonly [path: string, id: number])[];
  readonly folders: readonly string[];
}

function namesIn(database: StrictDatabase, tree: string): Promise<Names> {
  return database.store('readonly', (store) => {
    const paths = store.getAllKeys(keysUnder(tree, 'file'));
    const ids = store.getAll(keysUnder(tree, 'file'));
    const folders = store.getAllKeys(keysUnder(tree, 'folder'));
    return new Promise<Names>((resolve, reject) => {
      store.transaction.oncomplete = () =>
        resolve({
          files: paths.result.map((key, at) => [(key as string[])[2] ?? '', Number(ids.result[at])] as const),
          folders: folders.result.map((key) => (key as string[])[2] ?? ''),
        });
      store.transaction.onabort = () => reject(failed('open', database.name, store.transaction.error));
    });
  });
}

class DatabaseFileHandle implements FileHandle {
  readonly path: string;
  readonly #content: FileContent;
  readonly #dataSync: boolean;
  readonly #onClose: () => Promise<void>;
  #closed = false;

  constructor(path: string, { content }: Inode, dataSync: boolean, onClose: () => Promise<void>) {
    this.path = path;
    this.#content = content;
    this.#dataSync = dataSync;
    this.#onClose = onClose;
  }

  async size(): Promise<number> {
    this.#check('size');
    return this.#content.size;
  }

  async readAt(position: number, target: Uint8Array): Promise<number> {
    this.#check('readAt');
    return this.#content.readAt(position, target);
  }

  async writeAt(position: number, bytes: Uint8Array): Promise<void> {
    this.#check('writeAt');
    await this.#content.writeAt(position, bytes);
    if (this.#dataSync) await this.#content.sync();
  }

  async sync(): Promise<void> {
    this.#check('sync');
    await this.#content.sync();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#onClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
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
