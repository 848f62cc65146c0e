import type { SnapshotMark } from './log-engine.js';

/** A snapshot that is complete, verified and durable. */
export interface StoredSnapshot extends SnapshotMark {
  readonly group: number;
  /** Bytes of the content, without header and trailer. */
  readonly size: number;
  /** CRC32C of the content. */
  readonly checksum: number;
}

/** A snapshot being written. Nothing of it is visible before `commit` resolves. One call at a time. */
export interface SnapshotWriter {
  /** Bytes accepted so far; a resumed partial begins above 0. */
  readonly offset: number;
  /** Resolves when the chunk was handed on; its array may be reused then. @throws StorageFull, StorageFailed: the partial is dropped */
  write(chunk: Uint8Array): Promise<void>;
  /** Checksum, sync, rename, sync of the folder. With `expected`, a differing size or checksum rejects with StorageCorrupt and drops the partial. */
  commit(expected?: { readonly size: number; readonly checksum: number }): Promise<StoredSnapshot>;
  /** Keeps the partial for a later resume where `keep`, else drops it. After `commit`, or a second time: nothing. */
  abort(options?: { readonly keep: boolean }): Promise<void>;
}

/** Snapshots of all groups of a node. At most one writer a group at a time. */
export interface SnapshotStore extends AsyncDisposable {
  /** The newest complete snapshot of every group, ascending by group. */
  list(): Promise<readonly StoredSnapshot[]>;
  /**
   * Starts one; with `resume`, goes on from the kept partial of exactly this (group, index, term), if there is one. Any other partial of the
   * group is dropped.
   *
   * @throws InvalidArgument while another writer of the group is open
   */
  create(group: number, mark: SnapshotMark, options?: { readonly resume?: boolean }): Promise<SnapshotWriter>;
  /** Streams the content from `offset`; verifies the checksum of the whole before it ends, and throws StorageCorrupt where it differs. */
  read(snapshot: StoredSnapshot, options?: { readonly offset?: number }): AsyncIterable<Uint8Array>;
  /** Drops all snapshots of the group older than `index`, or all of them. */
  prune(group: number, options: { readonly below: number } | { readonly all: true }): Promise<void>;
  /** Removes partials without a writer that were not touched for `maxAgeMs`; what an earlier process left counts from the opening of the store. Resolves with how many. */
  sweepPartials(maxAgeMs: number): Promise<number>;
  close(): Promise<void>;
}
