import type { Runtime } from '@flotilla/runtime';
import { type NodeStorage, openStorage } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';

/** What a node stores, through all its lives. */
export interface LocalDisk {
  /** Opens it for one life of the node. */
  open(): Promise<NodeStorage>;
  /** The process that opened it dies: nothing that it still does reaches the disk. */
  crash(): void;
  /** Closes what is open. */
  close(): Promise<void>;
  /** All is gone. The node must be down. */
  wipe(): Promise<void>;
}

/** A disk in memory, with the engines that a real one has. */
export class MemoryDisk implements LocalDisk {
  readonly #runtime: Runtime;
  #files = new MemoryFiles();
  #storage: NodeStorage | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async open(): Promise<NodeStorage> {
    this.#storage = await openStorage({ files: this.#files, runtime: this.#runtime });
    return this.#storage;
  }

  crash(): void {
    this.#files = this.#files.crash('process');
    this.#storage = undefined;
  }

  async close(): Promise<void> {
    await this.#storage?.close();
    this.#storage = undefined;
  }

  wipe(): Promise<void> {
    this.#files = new MemoryFiles();
    return Promise.resolve();
  }
}
