export type { Catalog, CatalogRecord } from './catalog.js';
export type { Durability } from './durability.js';
export { type FileHandle, type Files, type FolderLock, type OpenOptions, SECTOR_BYTES } from './files.js';
export type { GroupWrite, LogBatch, LogEngine, LogEngineStats, RecoveredGroup, SnapshotMark } from './log-engine.js';
export { checkedLogEngine } from './log/checked-log-engine.js';
export { teeLogEngine } from './log/tee-log-engine.js';
export { FileLogEngine, type FileLogEngineOptions } from './segmented-log/file-log-engine.js';
export type { SnapshotStore, SnapshotWriter, StoredSnapshot } from './snapshot-store.js';
