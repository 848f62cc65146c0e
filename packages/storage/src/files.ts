import type { Durability } from './durability.js';

/** How a file is opened. */
export interface OpenOptions {
  /** Makes an empty file where there is none; else a missing one is refused with StorageFailed. */
  readonly create?: boolean;
  /** Data-synchronous: a resolved `writeAt` is durable, its bytes and the size that reads them back. */
  readonly dataSync?: boolean;
}

/**
 * An open file. Reads and writes say where; there is no cursor. Calls may overlap when their ranges do not.
 *
 * Any write or sync that failed leaves the range undefined, and a later sync that succeeds proves nothing about it.
 */
export interface FileHandle extends AsyncDisposable {
  readonly path: string;
  /** Bytes. */
  size(): Promise<number>;
  /** Fills `target` from `position` on. Resolves with how many bytes: fewer than asked only at the end of the file. */
  readAt(position: number, target: Uint8Array): Promise<number>;
  /**
   * Writes all of `bytes`, or rejects. The file grows as needed, a gap reads as zeros. The caller leaves `bytes` alone until then.
   * A crash while it is in flight may leave any subset of its 512-byte sectors; one sector is old or new, never a mixture.
   *
   * @throws StorageFull where there is no space (only where the range was not written before), StorageFailed
   */
  writeAt(position: number, bytes: Uint8Array): Promise<void>;
  /** All that was written through any handle of this file is durable, its size too; its name is not: `syncFolder`. @throws StorageFailed */
  sync(): Promise<void>;
  /** A second time: nothing. */
  close(): Promise<void>;
}

/** The right to be the one process that uses a folder. It ends with the process, however that ends. */
export interface FolderLock extends AsyncDisposable {
  release(): Promise<void>;
}

/**
 * A tree of files: all that storage asks of a disk. Paths are relative, with `/`, and never contain `..`.
 *
 * Names are durable apart from contents: what `open`, `rename` and `remove` did to a folder's names is durable after
 * `syncFolder`; until then a crash may keep any subset of it.
 * Errors are StorageFull where space ran out, StorageLocked from `lock`, StorageFailed for all else.
 */
export interface Files {
  /** What a resolved data-synchronous write, `sync` and `syncFolder` survive. */
  readonly durability: Durability;
  open(path: string, options?: OpenOptions): Promise<FileHandle>;
  /** Names in the folder, ascending by code unit; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes it and its parents where missing; durable when it resolves. */
  makeFolder(folder: string): Promise<void>;
  /** Within one folder; replaces what has the name, at once for all observers. Open handles stay with their file. */
  rename(from: string, to: string): Promise<void>;
  /** A file; a missing one is no error. Open handles go on. */
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
  /** @throws StorageLocked with the path, and in its text the owner where it is known */
  lock(folder: string): Promise<FolderLock>;
}

/** Bytes of a sector: what a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;
