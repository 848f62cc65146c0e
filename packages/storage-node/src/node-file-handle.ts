import type { FileHandle as SystemHandle } from 'node:fs/promises';
import { nextTick } from 'node:process';
import { FlotillaError } from '@flotilla/errors';
import type { FileHandle } from '@flotilla/storage';
import { storageError } from './node-error.js';

/** A file of the runtime, as the port wants it. */
export class NodeFileHandle implements FileHandle {
  readonly path: string;
  readonly #handle: SystemHandle;
  readonly #syncsEachWrite: boolean;
  #closed: Promise<void> | undefined;

  /** @param syncsEachWrite Data-synchronous by a sync after each write; false: not, or by the flag that it was opened with. */
  constructor(path: string, handle: SystemHandle, syncsEachWrite: boolean) {
    this.path = path;
    this.#handle = handle;
    this.#syncsEachWrite = syncsEachWrite;
  }

  async size(): Promise<number> {
    this.#checkOpen('size');
    try {
      return (await this.#handle.stat()).size;
    } catch (error) {
      throw storageError('size', this.path, error);
    }
  }

  async readAt(position: number, target: Uint8Array): Promise<number> {
    this.#checkOpen('readAt');
    try {
      let filled = 0;
      while (filled < target.length) {
        const { bytesRead } = await this.#handle.read(target, filled, target.length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled;
    } catch (error) {
      throw storageError('readAt', this.path, error);
    }
  }

  async writeAt(position: number, bytes: Uint8Array): Promise<void> {
    this.#checkOpen('writeAt');
    try {
      await endOfTurn();
      let written = 0;
      while (written < bytes.length) {
        const left = bytes.length - written;
        written += (await this.#handle.write(bytes, written, left, position + written)).bytesWritten;
      }
      if (this.#syncsEachWrite) await this.#handle.datasync();
    } catch (error) {
      throw storageError('writeAt', this.path, error);
    }
  }

  async sync(): Promise<void> {
    this.#checkOpen('sync');
    try {
      await this.#handle.datasync();
    } catch (error) {
      throw storageError('sync', this.path, error);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#handle.close();
    } catch (error) {
      throw storageError('close', this.path, error);
    }
  }

  #checkOpen(operation: string): void {
    if (this.#closed === undefined) return;
    throw new FlotillaError('StorageFailed', {
      message: `${operation} of ${this.path}: the handle is closed`,
      details: { operation, path: this.path },
    });
  }
}

/**
 * Resolves when the microtasks of this turn are over. Handing a write to the system wakes a thread, which takes the processor from this one:
 * what the turn has to say to other nodes leaves first, for it has the longer way, to another disk and back.
 */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}
