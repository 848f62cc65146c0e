export { LocalCluster, type LocalClusterOptions } from './local-cluster.js';
export { type LocalDisk, MemoryDisk } from './local-disk.js';
