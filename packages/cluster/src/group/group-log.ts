import { invariant } from '@flotilla/errors';
import {
  type ConfState,
  countWithin,
  EMPTY_CONFIGURATION,
  EMPTY_HARD_STATE,
  type Entry,
  type HardState,
  type Snapshot,
  type Storage,
} from '@flotilla/raft-core';
import type { SnapshotMark } from '@flotilla/storage';

const NO_BYTES = new Uint8Array(0);

/** What recovery found of one group, or what a fresh group begins with. */
export interface GroupLogStart {
  readonly hardState: HardState;
  /** The newest complete snapshot, whose state the state machine begins with; undefined: none. */
  readonly snapshot: SnapshotMark | undefined;
  /** Contiguous; begins at most one past the snapshot. */
  readonly entries: readonly Entry[];
}

/** What a group begins with that was never on disk. */
export const EMPTY_LOG: GroupLogStart = {
  hardState: EMPTY_HARD_STATE,
  snapshot: undefined,
  entries: [],
};

/** Adds up the bytes of the logs that count into it. */
export interface LogBytes {
  total: number;
}

/**
 * The log of one group as its core reads it: all retained entries in memory, and the place of the newest snapshot.
 *
 * It holds what was handed to the disk, in the order in which it was handed over, durable or not: the core itself knows, by
 * the acknowledgements that it is given, what is durable.
 *
 * Invariants: entries are contiguous from `firstIndex`; `firstIndex` is at most one past the newest snapshot, so that
 * a peer can always be brought up by the snapshot and the entries.
 */
export class GroupLog implements Storage {
  /** Index and term of the entry before the first one; (0, 0) for a log that begins at 1. */
  #baseIndex = 0;
  #baseTerm = 0;
  #entries: Entry[] = [];
  #bytes = 0;
  #counted: LogBytes | undefined;
  #hardState: HardState;
  #snapshot: SnapshotMark | undefined;
  #lastConfIndex = 0;
  #snapshotWanted = false;

  constructor(start: GroupLogStart = EMPTY_LOG) {
    this.#hardState = start.hardState;
    this.#snapshot = start.snapshot;
    if (start.snapshot !== undefined) this.#lastConfIndex = start.snapshot.index;
    this.#adopt(start);
    invariant(
      start.hardState.commit <= this.lastIndex(),
      () => `recovered commit ${start.hardState.commit} is above the last index ${this.lastIndex()}`,
    );
  }

  #adopt({ snapshot, entries }: GroupLogStart): void {
    const first = entries[0];
    const mark = snapshot?.index ?? 0;
    if (first === undefined) {
      this.#baseIndex = mark;
      this.#baseTerm = snapshot?.term ?? 0;
      return;
    }
    invariant(
      first.index >= 1 && first.index <= mark + 1,
      () => `the log begins at ${first.index} and the snapshot ends at ${mark}`,
    );
    if (first.index === mark + 1) {
      this.#baseIndex = mark;
      this.#baseTerm = snapshot?.term ?? 0;
      this.#take(entries);
    } else if (first.index === 1) {
      this.#take(entries);
    } else {
      // The term of the entry before the first is gone with that entry; the first one serves as the base instead.
      this.#baseIndex = first.index;
      this.#baseTerm = first.term;
      this.#take(entries.slice(1));
    }
  }

  #take(entries: readonly Entry[]): void {
    let next = this.lastIndex() + 1;
    for (const entry of entries) {
      invariant(entry.index === next, () => `the log has entry ${entry.index} where ${next} belongs`);
      this.#entries.push(entry);
      this.#resize(entry.data.length);
      next++;
    }
  }

  #resize(bytes: number): void {
    this.#bytes += bytes;
    if (this.#counted !== undefined) this.#counted.total += bytes;
  }

  /** From now on the bytes of this log count into `bytes`, and no more into where they counted before; undefined: nowhere. */
  countInto(bytes: LogBytes | undefined): void {
    if (this.#counted !== undefined) this.#counted.total -= this.#bytes;
    this.#counted = bytes;
    if (bytes !== undefined) bytes.total += this.#bytes;
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#hardState, confState: this.#snapshot?.confState ?? EMPTY_CONFIGURATION };
  }

  entries(low: number, high: number, maxSizeBytes: number): readonly Entry[] | 'compacted' | 'unavailable' {
    if (low <= this.#baseIndex) return 'compacted';
    if (high > this.lastIndex() + 1) return 'unavailable';
    const from = low - this.#baseIndex - 1;
    const count = countWithin(this.#entries, from, high - this.#baseIndex - 1, maxSizeBytes);
    return this.#entries.slice(from, from + count);
  }

  term(index: number): number | 'compacted' | 'unavailable' {
    if (index === this.#baseIndex) return this.#baseTerm;
    if (index < this.#baseIndex) return 'compacted';
    return this.#entries[index - this.#baseIndex - 1]?.term ?? 'unavailable';
  }

  lastIndex(): number {
    return this.#baseIndex + this.#entries.length;
  }

  firstIndex(): number {
    return this.#baseIndex + 1;
  }

  /**
   * The newest durable snapshot, for a peer that lags behind the log. A snapshot from before the last membership change is not
   * offered, for a peer that was added since is not in its configuration and would refuse it; a newer one is asked for instead.
   */
  snapshot(): Snapshot | 'unavailable' {
    const mark = this.#snapshot;
    if (mark === undefined || mark.index < this.#lastConfIndex || mark.index < this.#baseIndex) {
      this.#snapshotWanted = true;
      return 'unavailable';
    }
    return { index: mark.index, term: mark.term, confState: mark.confState, data: NO_BYTES };
  }

  /** Term, vote and commit as they were last handed to the disk. */
  get hardState(): HardState {
    return this.#hardState;
  }

  /** Place of the newest durable snapshot. */
  get snapshotMark(): SnapshotMark | undefined {
    return this.#snapshot;
  }

  /** Bytes of the commands that are held in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries held in memory. */
  get length(): number {
    return this.#entries.length;
  }

  /** Whether a peer was in need of a snapshot that there is not, or the log must become shorter; asking clears it. */
  takeSnapshotWanted(): boolean {
    const wanted = this.#snapshotWanted;
    this.#snapshotWanted = false;
    return wanted;
  }

  /** A snapshot is wanted for another reason: the log must become shorter. */
  wantSnapshot(): void {
    this.#snapshotWanted = true;
  }

  setHardState(hardState: HardState): void {
    this.#hardState = hardState;
  }

  /** A membership change took effect at `index`. */
  confChanged(index: number): void {
    this.#lastConfIndex = Math.max(this.#lastConfIndex, index);
  }

  /** Appends; a first index at or below the last one replaces the suffix from there (Raft paper, section 5.3). */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    invariant(
      first.index > this.#baseIndex && first.index <= this.lastIndex() + 1,
      () => `append at ${first.index} to a log of [${this.firstIndex()}, ${this.lastIndex()}]`,
    );
    this.#truncateFrom(first.index);
    this.#take(entries);
  }

  #truncateFrom(index: number): void {
    const keep = index - this.#baseIndex - 1;
    for (let at = keep; at < this.#entries.length; at++) this.#resize(-(this.#entries[at] as Entry).data.length);
    this.#entries.length = keep;
  }

  /** A snapshot from the leader replaces the log (Raft paper, section 7). */
  install(mark: SnapshotMark): void {
    this.#entries = [];
    this.#resize(-this.#bytes);
    this.#baseIndex = mark.index;
    this.#baseTerm = mark.term;
    this.#snapshot = mark;
    this.#lastConfIndex = mark.index;
    this.#snapshotWanted = false;
  }

  /** A snapshot of this node's own state became durable. */
  snapshotTaken(mark: SnapshotMark): void {
    invariant(
      mark.index <= this.lastIndex(),
      () => `a snapshot at ${mark.index} was taken of a log that ends at ${this.lastIndex()}`,
    );
    if (this.#snapshot === undefined || mark.index > this.#snapshot.index) this.#snapshot = mark;
  }

  /** Drops all entries up to and including `index`, which is not above the newest snapshot. */
  compact(index: number): void {
    if (index <= this.#baseIndex) return;
    invariant(
      this.#snapshot !== undefined && index <= this.#snapshot.index,
      () => `compaction to ${index} goes beyond the snapshot at ${this.#snapshot?.index ?? 0}`,
    );
    const dropped = index - this.#baseIndex;
    const last = this.#entries[dropped - 1];
    invariant(last !== undefined, () => `compaction to ${index} goes beyond the log's end ${this.lastIndex()}`);
    for (let at = 0; at < dropped; at++) this.#resize(-(this.#entries[at] as Entry).data.length);
    this.#entries = this.#entries.slice(dropped);
    this.#baseIndex = index;
    this.#baseTerm = last.term;
  }

  /** The highest index such that the entries after it are at most `entriesMax` and `bytesMax`: where a compaction that keeps so many would cut. */
  cutKeeping(entriesMax: number, bytesMax: number): number {
    let bytes = 0;
    let at = this.#entries.length;
    while (at > 0 && this.#entries.length - at < entriesMax) {
      bytes += (this.#entries[at - 1] as Entry).data.length;
      if (bytes > bytesMax) break;
      at--;
    }
    return this.#baseIndex + at;
  }
}
