import type { Version } from './version.js';

/** How many dropped versions may stay at the front until the rest is moved down. */
const SLACK_MAX = 4_096;

/**
 * All versions above the compaction point in the order in which they were written: by revision, and within one by their
 * place in the transaction. A position counts versions since the store began, and stays valid while earlier ones are dropped.
 */
export class History {
  #versions: Version[] = [];
  /** Position of `#versions[0]`. */
  #base = 0;
  /** Position of the first version that is still held. */
  #first = 0;

  /** Position of the first version that is held; equals `end` when there is none. */
  get first(): number {
    return this.#first;
  }

  /** Position after the last version. */
  get end(): number {
    return this.#base + this.#versions.length;
  }

  push(version: Version): void {
    this.#versions.push(version);
  }

  /** The version at a position from `first` to `end` - 1. */
  at(position: number): Version {
    return this.#versions[position - this.#base] as Version;
  }

  /** Takes back the last version. */
  pop(): Version | undefined {
    return this.#versions.pop();
  }

  /** Position of the first held version with a revision of at least `revision`. */
  seek(revision: number): number {
    let low = this.#first - this.#base;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#versions[middle] as Version).mod < revision) low = middle + 1;
      else high = middle;
    }
    return this.#base + low;
  }

  /** Drops what is before `position`. Arrays that `slice` gave out are not changed. */
  dropBefore(position: number): void {
    this.#first = position;
    const slack = position - this.#base;
    if (slack > SLACK_MAX && slack * 2 > this.#versions.length) {
      this.#versions = this.#versions.slice(slack);
      this.#base = position;
    }
  }

  /** The versions from `position` to the end as they are now, for a reader that outlives later changes. */
  slice(position: number): HistorySlice {
    return { versions: this.#versions, from: position - this.#base, to: this.#versions.length };
  }
}

/** Versions [from, to) of an array that only ever grows behind `to`. */
export interface HistorySlice {
  readonly versions: readonly Version[];
  readonly from: number;
  readonly to: number;
}
