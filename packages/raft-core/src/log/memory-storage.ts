import { EMPTY_CONFIGURATION } from '../conf-change/configuration.js';
import { invariant, unreachable } from '../invariant.js';
import type { Entry } from './entry.js';
import { countWithin } from './entry-size.js';
import type { ConfState, Snapshot } from './snapshot.js';
import type { HardState, Storage } from './storage.js';

const NO_BYTES = new Uint8Array(0);

/** What a new node has stored: nothing. */
export const EMPTY_HARD_STATE: HardState = { term: 0, vote: 0, commit: 0 };

/** No snapshot: index 0. */
export const EMPTY_SNAPSHOT: Snapshot = { index: 0, term: 0, confState: EMPTY_CONFIGURATION, data: NO_BYTES };

/**
 * The stable part of a log, in memory: for tests, demos and examples. The host writes, the core reads.
 * Nothing survives the process.
 */
export class MemoryStorage implements Storage {
  private hardState: HardState = EMPTY_HARD_STATE;
  private latest: Snapshot = EMPTY_SNAPSHOT;
  /** Index and term just before the first entry. */
  private before: number = 0;
  private beforeTerm: number = 0;
  private log: Entry[] = [];

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.hardState, confState: this.latest.confState };
  }

  entries(low: number, high: number, maxSizeBytes: number): readonly Entry[] | 'compacted' | 'unavailable' {
    if (low <= this.before) return 'compacted';
    if (high > this.before + this.log.length + 1) return 'unavailable';
    const from = low - this.before - 1;
    const count = countWithin(this.log, from, high - this.before - 1, maxSizeBytes);
    return this.log.slice(from, from + count);
  }

  term(index: number): number | 'compacted' | 'unavailable' {
    if (index < this.before) return 'compacted';
    if (index === this.before) return this.beforeTerm;
    const entry = this.log[index - this.before - 1];
    return entry === undefined ? 'unavailable' : entry.term;
  }

  lastIndex(): number {
    return this.before + this.log.length;
  }

  firstIndex(): number {
    return this.before + 1;
  }

  snapshot(): Snapshot | 'unavailable' {
    return this.latest;
  }

  setHardState(hardState: HardState): void {
    this.hardState = hardState;
  }

  /** Appends; a first index at or below the last replaces the suffix. What is compacted already is skipped. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    const next = this.before + this.log.length + 1;
    invariant(first.index <= next, () => `append at ${first.index} leaves a gap after ${next - 1}`);
    const skip = Math.max(0, this.before + 1 - first.index);
    if (skip >= entries.length) return;
    if (first.index + skip < next) this.log.length = first.index + skip - this.before - 1;
    const log = this.log;
    for (let i = skip; i < entries.length; i++) log.push(entries[i] as Entry);
  }

  /** Takes the place of the whole log. False, and nothing happens, when a newer snapshot is there already. */
  applySnapshot(snapshot: Snapshot): boolean {
    if (snapshot.index <= this.latest.index) return false;
    this.latest = snapshot;
    this.before = snapshot.index;
    this.beforeTerm = snapshot.term;
    this.log = [];
    return true;
  }

  /**
   * Makes the snapshot that `snapshot()` answers from then on. The log stays as it is: see `compact`.
   *
   * @throws RaftInvariantError when `index` is not newer than the last snapshot, or beyond the last index
   */
  createSnapshot(index: number, confState: ConfState, data: Uint8Array): Snapshot {
    invariant(index > this.latest.index, () => `snapshot ${index} is not newer than ${this.latest.index}`);
    const term = this.term(index);
    if (typeof term !== 'number') {
      return unreachable(`snapshot ${index} is out of the log, (${this.before}, ${this.lastIndex()}]`);
    }
    this.latest = { index, term, confState, data };
    return this.latest;
  }

  /**
   * Forgets all entries up to and including `index`. False when they are gone already.
   *
   * @throws RaftInvariantError when `index` is beyond the last index
   */
  compact(index: number): boolean {
    if (index <= this.before) return false;
    const term = this.term(index);
    if (typeof term !== 'number') {
      return unreachable(`compaction up to ${index} is beyond the last index, ${this.lastIndex()}`);
    }
    this.log = this.log.slice(index - this.before);
    this.before = index;
    this.beforeTerm = term;
    return true;
  }
}
