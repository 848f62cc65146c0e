/** Named opaque bytes of a node, saved together: what must be known before any group is opened. */
export type CatalogRecord = ReadonlyMap<string, Uint8Array>;

/** The node's catalog. */
export interface Catalog extends AsyncDisposable {
  /** All that was saved; empty for a fresh folder. @throws StorageCorrupt, IncompatibleVersion, StorageFailed */
  load(): Promise<CatalogRecord>;
  /**
   * Replaces the named values in ONE transaction, durable when it resolves; names not given keep theirs; `undefined` deletes. Several
   * may be in flight: they take effect first in first out. The caller does not change the bytes after the call.
   *
   * @throws StorageFull: nothing was saved, what was is whole. StorageFailed: the catalog is dead, and either all of it was saved or nothing.
   */
  save(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
  /** Waits for saves in flight. */
  close(): Promise<void>;
}
