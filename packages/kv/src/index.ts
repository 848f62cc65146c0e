export { KvGroups } from './state-machine/kv-groups.js';
export { KvStateMachine, type KvStateListener } from './state-machine/kv-state-machine.js';
export { executeCommand } from './store/command-execution.js';
export { KvStore, type KvStoreStats, type Pin, type StoreContents } from './store/kv-store.js';
export { encodeSnapshot, SNAPSHOT_VERSION, SnapshotDecoder } from './store/snapshot-codec.js';
export {
  type WatchChunk,
  Watcher,
  WatchHub,
  type WatchHubLimits,
  type WatchSink,
  type WatchSpec,
} from './watch/watch-hub.js';
