import type { Entry } from '@flotilla/raft-core';

/**
 * A log as it was seen to grow, to be cut and to be compacted: of a replica in memory, or on its disk.
 *
 * Invariant: entries are contiguous from `firstIndex`, which is one past `baseIndex`.
 */
export class EntryLog {
  /** Index of what is before the first entry: a snapshot, or a compacted entry; 0 for a log that begins at 1. */
  baseIndex = 0;
  /** Its term; -1 where that is not known. */
  baseTerm = 0;
  #entries: Entry[] = [];

  get firstIndex(): number {
    return this.baseIndex + 1;
  }

  /** `baseIndex` for a log without entries. */
  get lastIndex(): number {
    return this.baseIndex + this.#entries.length;
  }

  /** Entries held, in order. Not to be changed. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Undefined for what was compacted away, and beyond the end. */
  entryAt(index: number): Entry | undefined {
    return this.#entries[index - this.baseIndex - 1];
  }

  /** Term of the entry at `index`, or of the base; -1 where it is not known. */
  termAt(index: number): number {
    if (index === this.baseIndex) return this.baseTerm;
    return this.#entries[index - this.baseIndex - 1]?.term ?? -1;
  }

  /** Appends; what stood at and after the first new index is gone. A gap before it is taken over as it is: all before it is then not known. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (first.index <= this.baseIndex || first.index > this.lastIndex + 1) {
      this.reset(first.index - 1, -1);
    }
    this.#entries.length = first.index - this.baseIndex - 1;
    for (let at = 0; at < entries.length; at++) this.#entries.push(entries[at] as Entry);
  }

  /** Everything is gone: what comes next stands after a snapshot at `index`. */
  reset(index: number, term: number): void {
    this.baseIndex = index;
    this.baseTerm = term;
    this.#entries = [];
  }

  /** Drops what stands at and below `index`. */
  compact(index: number): void {
    if (index <= this.baseIndex) return;
    const term = this.termAt(index);
    this.#entries = this.#entries.slice(index - this.baseIndex);
    this.baseIndex = index;
    this.baseTerm = term;
  }

  /** Becomes as `other` is. */
  copy(other: EntryLog): void {
    this.baseIndex = other.baseIndex;
    this.baseTerm = other.baseTerm;
    this.#entries = other.#entries.slice();
  }
}
