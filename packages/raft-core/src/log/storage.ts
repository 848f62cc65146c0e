import type { Entry } from './entry.js';
import type { ConfState, Snapshot } from './snapshot.js';

/** What must survive a crash beside the log (Raft paper, figure 2): term and vote; commit is a hint. */
export interface HardState {
  readonly term: number;
  /** The candidate that got this node's vote in `term`; 0: none. */
  readonly vote: number;
  readonly commit: number;
}

/**
 * The stable part of one group's log, read by the core. All calls are synchronous.
 *
 * `entries`, `term`: `'compacted'` when the index is below what is kept, `'unavailable'` above the last index.
 * `snapshot`: `'unavailable'` when one cannot be had now; the core asks again later.
 */
export interface Storage {
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /** Entries in [low, high), cut at `maxSizeBytes` in total but at least one. The array may be shared: it is not mutated. */
  entries(low: number, high: number, maxSizeBytes: number): readonly Entry[] | 'compacted' | 'unavailable';
  /** Term of the entry at `index`, which may be `firstIndex() - 1`. */
  term(index: number): number | 'compacted' | 'unavailable';
  lastIndex(): number;
  /** First index of an entry that is still held; one past the snapshot when there is none. */
  firstIndex(): number;
  snapshot(): Snapshot | 'unavailable';
}
