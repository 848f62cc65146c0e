/** Named opaque bytes of a node, saved together: what must be known before any group is opened. */
export type CatalogRecord = ReadonlyMap<string, Uint8Array>;

/** The node's catalog. */
export interface Catalog extends AsyncDisposable {
  /** All that was saved; empty for a fresh folder. @throws StorageCorrupt, IncompatibleVersion */
  load(): Promise<CatalogRecord>;
  /** Replaces the named values in ONE transaction, durable when it resolves; names not given keep theirs; `undefined` deletes. */
  save(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>;
  close(): Promise<void>;
}
