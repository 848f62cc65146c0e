import { SECTOR_BYTES } from '../files.js';

const EMPTY = new Uint8Array(0);

/** What a sector held, oldest first, before its present content: any of it may be what a crash leaves. */
interface DirtySector {
  readonly versions: Uint8Array[];
  /** A sync of it failed: the kernel takes it for clean, so no later sync writes it. */
  lost: boolean;
}

/**
 * A file's bytes in two layers: what a reader sees, and what a power cut leaves of it. Between the two stand the dirty
 * sectors, each with every content it had since it was last durable.
 */
export class MemoryInode {
  #bytes: Uint8Array = EMPTY;
  #size = 0;
  #dirty = new Map<number, DirtySector>();
  /** Sizes since the last durable one, oldest first; empty when the present size is durable. */
  #sizes: number[] = [];

  get size(): number {
    return this.#size;
  }

  /** Whether a power cut now could leave anything but what is seen. */
  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#sizes.length > 0;
  }

  /** The bytes seen now, all of them or those in [start, end): a copy. */
  content(start: number = 0, end: number = this.#size): Uint8Array {
    return this.#bytes.slice(start, Math.min(end, this.#size));
  }

  read(position: number, target: Uint8Array): number {
    const end = Math.min(this.#size, position + target.length);
    if (end <= position) return 0;
    target.set(this.#bytes.subarray(position, end));
    return end - position;
  }

  /** Writes into the seen layer; every sector it touches becomes dirty. */
  write(position: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = position + bytes.length;
    this.#reserve(end);
    for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < end; sector++) {
      const at = sector * SECTOR_BYTES;
      const before = this.#bytes.slice(at, at + SECTOR_BYTES);
      const dirty = this.#dirty.get(sector);
      if (dirty === undefined) this.#dirty.set(sector, { versions: [before], lost: false });
      else {
        dirty.versions.push(before);
        dirty.lost = false;
      }
    }
    this.#bytes.set(bytes, position);
    if (end > this.#size) {
      this.#sizes.push(this.#size);
      this.#size = end;
    }
  }

  /** Makes a range durable as it is seen now, with a size that reads it back. */
  settleRange(position: number, length: number): void {
    for (let sector = Math.floor(position / SECTOR_BYTES); sector * SECTOR_BYTES < position + length; sector++) {
      this.#dirty.delete(sector);
    }
    if (this.#sizes.length > 0) this.#sizes = [];
  }

  /** Makes all durable, but for what an earlier failed sync lost. */
  settle(): void {
    for (const [sector, dirty] of this.#dirty) if (!dirty.lost) this.#dirty.delete(sector);
    this.#sizes = [];
  }

  /** A sync failed: what was to be written is taken for clean, and no later sync will write it. */
  lose(): void {
    for (const dirty of this.#dirty.values()) dirty.lost = true;
  }

  /** The choices that a crash has: one a dirty sector, and one for the size. Each is the number of contents to choose from. */
  choices(): { readonly sector: number | 'size'; readonly count: number }[] {
    const list: { sector: number | 'size'; count: number }[] = [];
    for (const [sector, dirty] of this.#dirty) list.push({ sector, count: dirty.versions.length + 1 });
    if (this.#sizes.length > 0) list.push({ sector: 'size', count: this.#sizes.length + 1 });
    return list;
  }

  /**
   * What a power cut leaves, all of it durable. `choose` picks for each dirty sector, and the size, one of `count` contents:
   * 0 is the durable one, the last the one seen; or it says what a sector holds that is none of them.
   */
  afterCrash(choose: (sector: number | 'size', count: number) => number | Uint8Array): MemoryInode {
    const left = new MemoryInode();
    left.#bytes = this.#bytes.slice();
    for (const [sector, dirty] of this.#dirty) {
      const chosen = choose(sector, dirty.versions.length + 1);
      const version = typeof chosen === 'number' ? dirty.versions[chosen] : chosen.subarray(0, SECTOR_BYTES);
      if (version !== undefined) left.#bytes.set(version, sector * SECTOR_BYTES);
    }
    left.#size = this.#size;
    const chosen = this.#sizes.length > 0 ? choose('size', this.#sizes.length + 1) : undefined;
    if (typeof chosen === 'number') left.#size = this.#sizes[chosen] ?? this.#size;
    left.#bytes.fill(0, left.#size);
    return left;
  }

  /** The same in both layers. */
  clone(): MemoryInode {
    const copy = new MemoryInode();
    copy.#bytes = this.#bytes.slice();
    copy.#size = this.#size;
    copy.#sizes = [...this.#sizes];
    for (const [sector, dirty] of this.#dirty) {
      copy.#dirty.set(sector, { versions: [...dirty.versions], lost: dirty.lost });
    }
    return copy;
  }

  /** Changes bytes in both layers: bit rot, a misdirected write, a hand. */
  tamper(position: number, bytes: Uint8Array): void {
    this.#reserve(position + bytes.length);
    this.#bytes.set(bytes, position);
    this.#size = Math.max(this.#size, position + bytes.length);
    this.settleRange(position, bytes.length);
  }

  /** Room for `end` bytes, in whole sectors. */
  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    const sectors = Math.ceil(end / SECTOR_BYTES);
    const grown = new Uint8Array(Math.max(sectors * SECTOR_BYTES, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
