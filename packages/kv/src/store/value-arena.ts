import type { Version } from './version.js';

const SLAB_BYTES = 65_536;
/** Longer values get an array of their own. */
const SLAB_VALUE_BYTES_MAX = 8_192;
/** A slab of which less than this part is in use is given up, and what lives there moves. */
const USED_MIN = 0.25;
const EMPTY = new Uint8Array(0);

/** A block of memory that many small values share. */
export interface ValueSlab {
  readonly bytes: Uint8Array;
  /** Bytes of values that are in use. */
  used: number;
  /** Versions whose values were put here, dropped ones included. */
  versions: Version[];
}

/**
 * Copies values out of the arrays that they arrived in, which are parts of larger frames, into slabs: an array of its own
 * for each value costs several times as much. Slabs that are mostly out of use are emptied into the current one, so that
 * memory stays within 1 / {@link USED_MIN} of what is in use.
 */
export class ValueArena {
  #current: ValueSlab | undefined;
  #filled = 0;

  /** Gives the version a copy of `value` that it owns. */
  own(version: Version, value: Uint8Array): void {
    const length = value.length;
    if (length === 0) {
      version.value = EMPTY;
    } else if (length > SLAB_VALUE_BYTES_MAX) {
      version.value = value.slice();
    } else {
      this.#place(version, value);
    }
  }

  #place(version: Version, value: Uint8Array): void {
    const length = value.length;
    let slab = this.#current;
    if (slab === undefined || this.#filled + length > SLAB_BYTES) {
      const full = slab;
      slab = { bytes: new Uint8Array(SLAB_BYTES), used: 0, versions: [] };
      this.#current = slab;
      this.#filled = 0;
      if (full !== undefined) this.#giveUpIfSparse(full);
    }
    const at = this.#filled;
    const copy = slab.bytes.subarray(at, at + length);
    copy.set(value);
    this.#filled = at + length;
    slab.used += length;
    slab.versions.push(version);
    version.value = copy;
    version.slab = slab;
  }

  /** The version was dropped. Readers that still hold its value keep it. */
  release(version: Version): void {
    const slab = version.slab;
    if (slab === undefined) return;
    version.slab = undefined;
    slab.used -= version.value.length;
    if (slab !== this.#current) this.#giveUpIfSparse(slab);
  }

  #giveUpIfSparse(slab: ValueSlab): void {
    if (slab.used >= SLAB_BYTES * USED_MIN) return;
    const { versions } = slab;
    slab.versions = [];
    for (const version of versions) {
      if (version.slab === slab) this.#place(version, version.value);
    }
  }
}
