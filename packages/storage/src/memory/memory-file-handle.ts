import type { FileHandle } from '../files.js';
import { failed, full } from '../storage-errors.js';
import type { FilesOperation } from './files-call.js';
import type { MemoryInode } from './memory-inode.js';

/** What a call does: at once, when it completes, and instead of both where it fails. A write may be put in a wrong place. */
export interface Effects<T> {
  readonly effect: (wrongPlace: number | undefined) => T;
  readonly settle?: (wrongPlace: number | undefined) => void;
  readonly lose?: (afterBytes: number) => void;
  readonly bytes?: Uint8Array;
}

/** Runs one call of a handle on the disk that it belongs to. */
export type Run = <T>(operation: FilesOperation, position: number, length: number, effects: Effects<T>) => Promise<T>;

/** An open file of a MemoryFiles. */
export class MemoryFileHandle implements FileHandle {
  readonly path: string;
  readonly #inode: MemoryInode;
  readonly #dataSync: boolean;
  readonly #run: Run;
  readonly #exceeds: (bytes: number) => boolean;
  #closed = false;

  constructor(path: string, inode: MemoryInode, dataSync: boolean, run: Run, exceeds: (bytes: number) => boolean) {
    this.path = path;
    this.#inode = inode;
    this.#dataSync = dataSync;
    this.#run = run;
    this.#exceeds = exceeds;
  }

  async size(): Promise<number> {
    this.#checkOpen('size');
    return this.#run('size', 0, 0, { effect: () => this.#inode.size });
  }

  async readAt(position: number, target: Uint8Array): Promise<number> {
    this.#checkOpen('readAt');
    return this.#run('readAt', position, target.length, { effect: () => this.#inode.read(position, target) });
  }

  async writeAt(position: number, bytes: Uint8Array): Promise<void> {
    this.#checkOpen('writeAt');
    const inode = this.#inode;
    await this.#run('writeAt', position, bytes.length, {
      bytes,
      effect: (wrongPlace) => {
        const growth = position + bytes.length - inode.size;
        if (growth > 0 && this.#exceeds(growth)) throw full(this.path);
        inode.write(wrongPlace ?? position, bytes);
      },
      settle: (wrongPlace) => {
        if (this.#dataSync) inode.settleRange(wrongPlace ?? position, bytes.length);
      },
      lose: (afterBytes) => {
        inode.write(position, bytes.subarray(0, afterBytes));
        if (this.#dataSync) inode.lose();
      },
    });
  }

  async sync(): Promise<void> {
    this.#checkOpen('sync');
    await this.#run('sync', 0, 0, {
      effect: () => undefined,
      settle: () => this.#inode.settle(),
      lose: () => this.#inode.lose(),
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#run('close', 0, 0, { effect: () => undefined });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw failed(operation, this.path, 'the handle is closed');
  }
}
