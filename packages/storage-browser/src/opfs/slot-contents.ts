import type { Durability } from '@flotilla/storage';
import { full } from '@flotilla/storage/engine';
import type { FileContent, FileContents } from '../files/file-contents.js';
import { browserStorageError } from '../storage-error.js';
import type { OpfsPool, SyncAccessHandle } from './opfs-pool.js';

/** Files in the slots of a pool: one each, its id the slot's number. */
export class SlotContents implements FileContents {
  readonly durability: Durability;
  readonly #pool: OpfsPool;
  readonly #name: string;
  #free: number[] = [];

  /** @param durability What a flush is worth: `power` once the pool is old, `process` before. */
  constructor(name: string, pool: OpfsPool, durability: Durability) {
    this.#name = name;
    this.#pool = pool;
    this.durability = durability;
  }

  load(ids: ReadonlySet<number>): Promise<ReadonlyMap<number, FileContent>> {
    const { slots, created } = this.#pool;
    const contents = new Map<number, FileContent>();
    for (const [number, slot] of slots.entries()) {
      if (ids.has(number) && !created.has(number)) contents.set(number, new SlotContent(number, slot, this.#name));
      else this.#free.push(number);
    }
    return Promise.resolve(contents);
  }

  /** Empties the slot, durably, before any name leads to it: what it held before must not come back under that. */
  async create(): Promise<FileContent> {
    const number = this.#free.shift();
    const slot = number === undefined ? undefined : this.#pool.slots[number];
    if (number === undefined || slot === undefined) {
      throw full(`${this.#name}, whose ${this.#pool.slots.length} files are all in use`);
    }
    const content = new SlotContent(number, slot, this.#name);
    try {
      await content.empty();
    } catch (error) {
      this.#free.push(number);
      throw error;
    }
    return content;
  }

  drop({ id }: FileContent): Promise<void> {
    this.#free.push(id);
    return Promise.resolve();
  }
}

class SlotContent implements FileContent {
  readonly id: number;
  readonly #slot: SyncAccessHandle;
  readonly #path: string;

  constructor(id: number, slot: SyncAccessHandle, name: string) {
    this.id = id;
    this.#slot = slot;
    this.#path = `${name}/slot-${id}`;
  }

  get size(): number {
    return this.#slot.getSize();
  }

  async readAt(position: number, target: Uint8Array): Promise<number> {
    return this.#do('read', () => this.#slot.read(target, { at: position }));
  }

  async writeAt(position: number, bytes: Uint8Array): Promise<void> {
    const written = this.#do('write', () => this.#slot.write(bytes, { at: position }));
    if (written < bytes.length) throw full(this.#path);
  }

  async sync(): Promise<void> {
    this.#do('sync', () => this.#slot.flush());
  }

  async empty(): Promise<void> {
    this.#do('empty', () => {
      this.#slot.truncate(0);
      this.#slot.flush();
    });
  }

  #do<T>(operation: string, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw browserStorageError(operation, this.#path, error);
    }
  }
}
