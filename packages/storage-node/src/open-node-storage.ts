import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Runtime } from '@flotilla/runtime';
import { type Durability, type NodeStorage, openStorage } from '@flotilla/storage';
import { storageError } from './node-error.js';
import { nodeFiles, type NodeFilesOptions } from './node-files.js';

/** File systems that live in memory, by the number that Linux gives them: tmpfs and ramfs. */
const MEMORY_FILE_SYSTEMS: ReadonlySet<number> = new Set([0x0102_1994, 0x8584_58f6]);

/** How a node's storage is opened. */
export interface OpenNodeStorageOptions {
  /** The node's own; made where missing. */
  readonly folder: string;
  readonly runtime: Pick<Runtime, 'now' | 'randomBytes'>;
  /** Size of a segment of the log in bytes, a multiple of 512; 16 MiB. */
  readonly segmentBytes?: number;
  /** See {@link NodeFilesOptions.dataSync}. */
  readonly dataSync?: NodeFilesOptions['dataSync'];
}

/**
 * Opens what a node stores under a folder of this machine: log, snapshots and catalog. One process at a time.
 *
 * @throws StorageLocked with the folder and, where known, the pid of its owner; StorageCorrupt, IncompatibleVersion, StorageFailed
 */
export async function openNodeStorage(options: OpenNodeStorageOptions): Promise<NodeStorage> {
  const folder = resolve(options.folder);
  await nodeFiles(folder).makeFolder('.');
  const files = nodeFiles(folder, {
    durability: await durabilityOf(folder),
    ...(options.dataSync === undefined ? {} : { dataSync: options.dataSync }),
  });
  const { runtime, segmentBytes } = options;
  return openStorage({ files, runtime, ...(segmentBytes === undefined ? {} : { segmentBytes }) });
}

async function durabilityOf(folder: string): Promise<Durability> {
  if (process.platform !== 'linux') return 'power';
  try {
    return MEMORY_FILE_SYSTEMS.has((await statfs(folder)).type) ? 'process' : 'power';
  } catch (error) {
    throw storageError('statfs', folder, error);
  }
}
