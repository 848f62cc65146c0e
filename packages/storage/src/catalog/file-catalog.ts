import { type FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Catalog, CatalogRecord } from '../catalog.js';
import type { Files } from '../files.js';
import { corrupt, failed } from '../storage-errors.js';
import { decodeCatalog, encodeCatalog } from './catalog-format.js';

const NAME = 'catalog';
const NAME_ASIDE = 'catalog.new';

/** How a FileCatalog is opened. */
export interface FileCatalogOptions {
  readonly files: Files;
  /** Its own folder, made where missing. The caller has locked it, or one above it. */
  readonly folder: string;
  /** It was saved before: to find none is StorageCorrupt. */
  readonly mustExist?: boolean;
  /** Told before the first save resolves: to note durably that the catalog must exist from now on. */
  readonly onFirstSave?: () => Promise<void>;
}

/**
 * The catalog as one file: a save writes a whole new one aside, syncs it, renames it over the old one and syncs the folder. A
 * crash leaves the one or the other.
 */
export class FileCatalog implements Catalog {
  readonly #files: Files;
  readonly #folder: string;
  readonly #onFirstSave: (() => Promise<void>) | undefined;
  #record: Map<string, Uint8Array>;
  #generation: number;
  #failure: FlotillaError | undefined;
  #isClosed = false;
  #tail: Promise<void> = Promise.resolve();

  private constructor(options: FileCatalogOptions, generation: number, record: Map<string, Uint8Array>) {
    this.#files = options.files;
    this.#folder = options.folder;
    this.#onFirstSave = options.onFirstSave;
    this.#generation = generation;
    this.#record = record;
  }

  /** Reads it. @throws StorageCorrupt, IncompatibleVersion, StorageFailed */
  static async open(options: FileCatalogOptions): Promise<FileCatalog> {
    const { files, folder } = options;
    await files.makeFolder(folder);
    // A process that died may have left a name that only the kernel's cache knows.
    await files.syncFolder(folder);
    const names = await files.list(folder);
    if (!names.includes(NAME)) {
      if (options.mustExist === true) throw corrupt(`${folder}/${NAME}`, 0, 'it was saved before, and is not there');
      return new FileCatalog(options, 0, new Map());
    }
    const path = `${folder}/${NAME}`;
    const { generation, record } = decodeCatalog(await readWhole(files, path), path);
    return new FileCatalog(options, generation, record);
  }

  /** Saves so far, over all openings: 0 for a fresh one. */
  get generation(): number {
    return this.#generation;
  }

  async load(): Promise<CatalogRecord> {
    this.#check('load');
    await this.#tail;
    return new Map(this.#record);
  }

  async save(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    this.#check('save');
    const saved = this.#tail.then(() => this.#save(changes));
    // Told below, to whoever saved; the next save is another one.
    this.#tail = saved.catch(() => undefined);
    await saved;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#tail;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #save(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    if (this.#failure !== undefined) throw failed('save', this.#folder, this.#failure);
    const record = new Map(this.#record);
    for (const [name, value] of changes) {
      if (value === undefined) record.delete(name);
      else record.set(name, value);
    }
    const generation = this.#generation + 1;
    try {
      await this.#writeAside(encodeCatalog(generation, record));
    } catch (error) {
      // Nothing has the name yet: a full disk has done no harm.
      throw isFlotillaError(error, 'StorageFull') ? error : this.#fail(error);
    }
    try {
      await this.#files.rename(`${this.#folder}/${NAME_ASIDE}`, `${this.#folder}/${NAME}`);
      await this.#files.syncFolder(this.#folder);
    } catch (error) {
      throw this.#fail(error);
    }
    this.#generation = generation;
    this.#record = record;
    if (generation === 1) await this.#onFirstSave?.();
  }

  #fail(error: unknown): FlotillaError {
    this.#failure = failed('save', `${this.#folder}/${NAME}`, error);
    return this.#failure;
  }

  async #writeAside(bytes: Uint8Array): Promise<void> {
    const aside = `${this.#folder}/${NAME_ASIDE}`;
    await this.#files.remove(aside);
    const handle = await this.#files.open(aside, { create: true });
    try {
      await handle.writeAt(0, bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  #check(operation: string): void {
    if (this.#failure !== undefined) throw failed(operation, this.#folder, this.#failure);
    if (this.#isClosed) throw failed(operation, this.#folder, 'the catalog is closed');
  }
}

async function readWhole(files: Files, path: string): Promise<Uint8Array> {
  const handle = await files.open(path);
  try {
    const bytes = new Uint8Array(await handle.size());
    let length = 0;
    while (length < bytes.length) {
      const read = await handle.readAt(length, bytes.subarray(length));
      if (read === 0) break;
      length += read;
    }
    return bytes.subarray(0, length);
  } finally {
    await handle.close();
  }
}
