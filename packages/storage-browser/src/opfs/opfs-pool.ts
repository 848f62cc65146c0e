import { browserStorageError } from '../storage-error.js';

/** The part of a FileSystemSyncAccessHandle that is used here; type libraries have it for workers alone. */
export interface SyncAccessHandle {
  read(target: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

interface SyncFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
}

/** The files of a pool, opened. */
export interface OpfsPool {
  /** By number; the same number is the same file for good. */
  readonly slots: readonly SyncAccessHandle[];
  /** Numbers of files that were not there: of a fresh pool all; of an old one those that a power cut took. */
  readonly created: ReadonlySet<number>;
  close(): void;
}

/**
 * Opens a fixed number of files in the origin's private file system, and makes those that are missing. In Chromium a flush makes a file's bytes
 * durable and nothing makes its name so, but time: files that are new are gone after a power cut, with all that was flushed to them. So they
 * are made once, and never created, renamed or removed in use.
 *
 * Only a dedicated worker can open them. @throws {FlotillaError} StorageFailed, StorageFull
 */
export async function openOpfsPool(name: string, count: number): Promise<OpfsPool> {
  const slots: SyncAccessHandle[] = [];
  const created = new Set<number>();
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(`flotilla-${encodeURIComponent(name)}`, { create: true });
    for (let number = 0; number < count; number++) {
      const file = await existing(folder, `slot-${number}`);
      if (file === undefined) created.add(number);
      const made = file ?? (await folder.getFileHandle(`slot-${number}`, { create: true }));
      const handle = await (made as unknown as SyncFileHandle).createSyncAccessHandle();
      slots.push(handle);
    }
  } catch (error) {
    for (const slot of slots) slot.close();
    throw browserStorageError('open', `the OPFS pool ${name}`, error);
  }
  return { slots, created, close: () => slots.forEach((slot) => slot.close()) };
}

/** Removes a pool that nobody has open. */
export async function removeOpfsPool(name: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(`flotilla-${encodeURIComponent(name)}`, { recursive: true });
}

async function existing(folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle | undefined> {
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}
