import { constants } from 'node:fs';
import { open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FlotillaError } from '@flotilla/errors';
import type { Durability, FileHandle, Files, FolderLock, OpenOptions } from '@flotilla/storage';
import { DATA_SYNC_FLAG, isDataSyncReal } from './data-sync-flag.js';
import { lockFolder } from './folder-lock.js';
import { makeFolders } from './make-folders.js';
import { codeOf, storageError } from './node-error.js';
import { NodeFileHandle } from './node-file-handle.js';

const FILE_MODE = 0o600;

/** How a NodeFiles behaves. */
export interface NodeFilesOptions {
  /** What the disk under the root survives; `power` by default, which is for the caller to know. */
  readonly durability?: Durability;
  /** `flag`: by O_DSYNC where the kernel confirms it (the default); `sync`: by a sync after each write. */
  readonly dataSync?: 'flag' | 'sync';
}

/** Files on the file system of Node and Deno, below one folder. */
export function nodeFiles(root: string, options: NodeFilesOptions = {}): Files {
  return new NodeFiles(root, options);
}

class NodeFiles implements Files {
  readonly durability: Durability;
  readonly #root: string;
  /** Whether O_DSYNC is real here; undefined: nobody has asked yet. */
  #isFlagReal: Promise<boolean> | undefined;

  constructor(root: string, options: NodeFilesOptions) {
    this.durability = options.durability ?? 'power';
    this.#root = resolve(root);
    if (options.dataSync === 'sync') this.#isFlagReal = Promise.resolve(false);
  }

  async open(path: string, options: OpenOptions = {}): Promise<FileHandle> {
    const full = this.#full(path);
    const flags = constants.O_RDWR | (options.create === true ? constants.O_CREAT : 0);
    try {
      if (options.dataSync !== true) return new NodeFileHandle(full, await open(full, flags, FILE_MODE), false);
      const handle = await open(full, flags | DATA_SYNC_FLAG, FILE_MODE);
      this.#isFlagReal ??= isDataSyncReal(full);
      return new NodeFileHandle(full, handle, !(await this.#isFlagReal));
    } catch (error) {
      throw storageError('open', full, error);
    }
  }

  async list(folder: string): Promise<readonly string[]> {
    const full = this.#full(folder);
    try {
      const names = await readdir(full);
      return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw storageError('list', full, error);
    }
  }

  async makeFolder(folder: string): Promise<void> {
    const full = this.#full(folder);
    try {
      const first = await makeFolders(full);
      if (first === undefined) return;
      for (let made = full; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
    } catch (error) {
      throw storageError('makeFolder', full, error);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    const full = this.#full(from);
    try {
      await rename(full, this.#full(to));
    } catch (error) {
      throw storageError('rename', full, error);
    }
  }

  async remove(path: string): Promise<void> {
    const full = this.#full(path);
    try {
      await unlink(full);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw storageError('remove', full, error);
    }
  }

  async syncFolder(folder: string): Promise<void> {
    const full = this.#full(folder);
    try {
      await syncFolder(full);
    } catch (error) {
      throw storageError('syncFolder', full, error);
    }
  }

  async lock(folder: string): Promise<FolderLock> {
    const full = this.#full(folder);
    try {
      return await lockFolder(full);
    } catch (error) {
      throw storageError('lock', full, error);
    }
  }

  #full(path: string): string {
    if (path.split('/').includes('..')) {
      throw new FlotillaError('InvalidArgument', {
        message: `path: ${path} leads out of ${this.#root}`,
        details: { argument: 'path', reason: 'it leads out of the root' },
      });
    }
    return join(this.#root, path);
  }
}

/** Makes the names in a folder durable. Windows has no call for it: there, its file system's own journal does. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
