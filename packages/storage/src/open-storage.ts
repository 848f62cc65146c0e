import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import type { Runtime } from '@flotilla/runtime';
import type { Catalog } from './catalog.js';
import { FileCatalog } from './catalog/file-catalog.js';
import type { Durability } from './durability.js';
import type { Files, FolderLock } from './files.js';
import { OpenLogs } from './log/open-logs.js';
import type { LogEngine } from './log-engine.js';
import { FileLogEngine } from './segmented-log/file-log-engine.js';
import type { SnapshotStore } from './snapshot-store.js';
import { FileSnapshotStore } from './snapshots/file-snapshot-store.js';
import { corrupt } from './storage-errors.js';

const CATALOG_SAVED = 'catalog';
const LOG_NAME = /^log-\d+$/;

/** How a node's storage is opened. */
export interface OpenStorageOptions {
  readonly files: Files;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  /** Folder of all of it; the root of `files` by default. */
  readonly folder?: string;
  /** See {@link FileLogEngineOptions.segmentBytes}. */
  readonly segmentBytes?: number;
}

/** All that one node stores. */
export interface NodeStorage extends AsyncDisposable {
  readonly durability: Durability;
  /** Opens the log of a worker: once each. The caller closes it, or `close` does. @throws InvalidArgument, StorageLocked, StorageCorrupt, StorageFailed */
  log(worker: number): Promise<LogEngine>;
  readonly snapshots: SnapshotStore;
  readonly catalog: Catalog;
  /** Closes everything that was opened here, then gives up the lock. */
  close(): Promise<void>;
}

/**
 * Opens what one node stores under one folder, which is locked:
 *
 * - `catalog/`, `snapshots/`, `log-<worker>/`: what their names say;
 * - `identity/`: which of these were ever begun here. A part that is missing later, or that came from elsewhere, is refused as
 *   StorageCorrupt: a node with a log that was wiped must not vote under its old identity.
 *
 * @throws StorageLocked, StorageCorrupt, IncompatibleVersion, StorageFailed
 */
export async function openStorage(options: OpenStorageOptions): Promise<NodeStorage> {
  const { files, runtime } = options;
  const folder = options.folder ?? '.';
  await files.makeFolder(folder);
  const lock = await files.lock(folder);
  try {
    const identity = await FileCatalog.open({ files, folder: `${folder}/identity` });
    const known = await identity.load();
    checkNames(known.keys(), `${folder}/identity/catalog`);
    const catalog = await FileCatalog.open({
      files,
      folder: `${folder}/catalog`,
      mustExist: known.has(CATALOG_SAVED),
      onFirstSave: () => identity.save(new Map([[CATALOG_SAVED, utf8Encode('saved')]])),
    });
    const snapshots = await FileSnapshotStore.open({ files, folder: `${folder}/snapshots`, runtime });
    return new FileStorage({ ...options, folder }, lock, identity, catalog, snapshots);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The identity and the catalog have the same format: the one in the place of the other is told by its names. */
function checkNames(names: Iterable<string>, path: string): void {
  for (const name of names) {
    if (name !== CATALOG_SAVED && !LOG_NAME.test(name))
      throw corrupt(path, 0, `it holds a value '${name}', which no identity has`);
  }
}

class FileStorage implements NodeStorage {
  readonly durability: Durability;
  readonly catalog: Catalog;
  readonly snapshots: SnapshotStore;
  readonly #options: OpenStorageOptions & { readonly folder: string };
  readonly #lock: FolderLock;
  readonly #identity: FileCatalog;
  readonly #logs = new OpenLogs((worker) => this.#openLog(worker));
  #closed: Promise<void> | undefined;

  constructor(
    options: OpenStorageOptions & { readonly folder: string },
    lock: FolderLock,
    identity: FileCatalog,
    catalog: Catalog,
    snapshots: SnapshotStore,
  ) {
    this.durability = options.files.durability;
    this.#options = options;
    this.#lock = lock;
    this.#identity = identity;
    this.catalog = catalog;
    this.snapshots = snapshots;
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

  async #openLog(worker: number): Promise<LogEngine> {
    const { files, folder, runtime, segmentBytes } = this.#options;
    const name = `log-${worker}`;
    const id = (await this.#identity.load()).get(name);
    return FileLogEngine.open({
      files,
      folder: `${folder}/${name}`,
      runtime,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      ...(id === undefined
        ? { onLogId: (logId: string) => this.#identity.save(new Map([[name, utf8Encode(logId)]])) }
        : { logId: utf8Decode(id) }),
    });
  }

  async #close(): Promise<void> {
    try {
      await this.#logs.close();
      await this.snapshots.close();
      await this.catalog.close();
      await this.#identity.close();
    } finally {
      await this.#lock.release();
    }
  }
}
