import { invariant, unreachable } from '../invariant.js';
import type { TraceSink } from '../trace/trace-event.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { Entry } from './entry.js';
import { countWithin, entriesSize } from './entry-size.js';
import type { Snapshot } from './snapshot.js';
import type { Storage } from './storage.js';
import { Unstable } from './unstable.js';

const NONE: readonly Entry[] = [];

/**
 * One group's log: the durable part, read through Storage, and the unstable tail.
 *
 * Invariants: `applied <= applying <= commit <= lastIndex`; none of them falls.
 */
export class RaftLog {
  readonly storage: Storage;
  readonly unstable: Unstable;
  /** Highest index known to be on a quorum of durable logs. */
  commit: number;
  /** Highest index handed out to be applied. */
  applying: number;
  /** Highest index reported applied. */
  applied: number;
  /** Bytes handed out and not reported applied. */
  private applyingBytes: number = 0;
  private applyingPaused: boolean = false;
  readonly maxApplyingBytes: number;
  private readonly id: number;
  private readonly trace: TraceSink | undefined;

  constructor(storage: Storage, maxApplyingBytes: number, id: number, trace: TraceSink | undefined) {
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    invariant(first >= 1 && last >= first - 1, () => `storage says that its log is [${first}, ${last}]`);
    this.storage = storage;
    this.unstable = new Unstable(last + 1, id, trace);
    this.commit = first - 1;
    this.applying = first - 1;
    this.applied = first - 1;
    this.maxApplyingBytes = maxApplyingBytes;
    this.id = id;
    this.trace = trace;
  }

  /** First index whose entry can be had. */
  get firstIndex(): number {
    return this.unstable.snapshot === undefined ? this.storage.firstIndex() : this.unstable.snapshot.index + 1;
  }

  get lastIndex(): number {
    return this.unstable.lastIndex;
  }

  get lastTerm(): number {
    const index = this.lastIndex;
    const term = this.term(index);
    invariant(term >= 0, () => `the term of the last entry, ${index}, is not in storage`);
    return term;
  }

  /** Term of the entry at `index`; also of the one before the first. -1 when it is compacted away, or not there yet. */
  term(index: number): number {
    const unstable = this.unstable.term(index);
    if (unstable >= 0) return unstable;
    if (index >= this.unstable.offset || index + 1 < this.firstIndex) return -1;
    const stable = this.storage.term(index);
    return typeof stable === 'number' ? stable : -1;
  }

  /** As `term`, but 0 for what is not there. */
  termOrZero(index: number): number {
    return Math.max(this.term(index), 0);
  }

  matches(index: number, term: number): boolean {
    return this.term(index) === term;
  }

  /** Whether a log that ends so is at least as complete as this one (Raft paper, section 5.4.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    const ownTerm = this.lastTerm;
    return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);
  }

  /** Entries from `index` to the end, cut at `maxBytes` but at least one. `undefined`: compacted away. */
  entriesFrom(index: number, maxBytes: number): readonly Entry[] | undefined {
    const last = this.lastIndex;
    return index > last ? NONE : this.slice(index, last + 1, maxBytes);
  }

  /** Entries in [low, high), cut at `maxBytes` but at least one. `undefined`: compacted away. */
  slice(low: number, high: number, maxBytes: number): readonly Entry[] | undefined {
    invariant(
      low <= high && high <= this.lastIndex + 1,
      () => `log slice [${low}, ${high}) beyond the last index, ${this.lastIndex}`,
    );
    if (low === high) return NONE;
    const offset = this.unstable.offset;
    if (low >= offset) {
      const from = low - offset;
      const count = countWithin(this.unstable.entries, from, high - offset, maxBytes);
      return this.unstable.slice(low, low + count);
    }
    if (low < this.firstIndex) return undefined;
    const cut = Math.min(high, offset);
    const stable = this.storage.entries(low, cut, maxBytes);
    if (stable === 'compacted') return undefined;
    if (stable === 'unavailable') return unreachable(`entries [${low}, ${cut}) are not in storage`);
    if (high <= offset || stable.length < cut - low) return stable;
    return this.extend(stable, high, maxBytes);
  }

  /** Appends a leader's own entries. */
  append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    this.truncateAndAppend(entries, 0);
  }

  /**
   * Appends what follows the entry (`index`, `logTerm`), if the log has that one (Raft paper, figure 2, AppendEntries
   * rules 2 to 4). Entries that are there already are left alone: the append may be an old one.
   *
   * @returns index of the last new entry; -1: the previous entry does not match
   */
  maybeAppend(index: number, logTerm: number, entries: readonly Entry[]): number {
    if (!this.matches(index, logTerm)) return -1;
    const from = this.findConflict(entries);
    if (from < entries.length) this.truncateAndAppend(entries, from);
    return index + entries.length;
  }

  /**
   * Largest index at or below `index` whose term is at or below `term`: where logs with such an entry may meet at best.
   * A whole term is skipped by one rejection instead of one index. Stops where terms are no longer known.
   */
  findConflictByTerm(index: number, term: number): number {
    let at = index;
    while (at > 0) {
      const own = this.term(at);
      if (own < 0 || own <= term) return at;
      at--;
    }
    return 0;
  }

  /** Raises the commit index; never lowers it. */
  commitTo(index: number): void {
    if (index <= this.commit) return;
    invariant(index <= this.lastIndex, () => `commit ${index} is beyond the last index, ${this.lastIndex}`);
    this.commit = index;
    if (this.trace !== undefined) this.trace({ kind: TraceKind.CommitAdvanced, id: this.id, commit: index });
  }

  /** Last index that may be handed out to be applied. */
  maxAppliable(allowUnstable: boolean): number {
    return allowUnstable ? this.commit : Math.min(this.commit, this.unstable.offset - 1);
  }

  hasNextCommitted(allowUnstable: boolean): boolean {
    return (
      !this.applyingPaused && this.unstable.snapshot === undefined && this.applying < this.maxAppliable(allowUnstable)
    );
  }

  /** Committed entries that were not handed out, within the limit of outstanding bytes. */
  nextCommitted(allowUnstable: boolean): readonly Entry[] {
    if (!this.hasNextCommitted(allowUnstable)) return NONE;
    const budget = this.maxApplyingBytes - this.applyingBytes;
    const entries = this.slice(this.applying + 1, this.maxAppliable(allowUnstable) + 1, budget);
    return entries ?? unreachable(`entries after ${this.applying} were compacted before they were applied`);
  }

  /** Entries up to `index` were handed out to be applied. */
  acceptApplying(index: number, bytes: number, allowUnstable: boolean): void {
    invariant(index <= this.commit, () => `applying ${index}, which is beyond the commit index, ${this.commit}`);
    this.applying = index;
    this.applyingBytes += bytes;
    // Also while something was left out for its size: the rest waits until the first part is done.
    this.applyingPaused = this.applyingBytes >= this.maxApplyingBytes || index < this.maxAppliable(allowUnstable);
  }

  /** Entries up to `index`, of `bytes`, are applied. */
  appliedTo(index: number, bytes: number): void {
    invariant(
      index >= this.applied && index <= this.commit,
      () => `applied ${index} is out of [${this.applied}, ${this.commit}]`,
    );
    const advanced = index > this.applied;
    this.applied = index;
    if (this.applying < index) this.applying = index;
    this.applyingBytes = Math.max(0, this.applyingBytes - bytes);
    this.applyingPaused = this.applyingBytes >= this.maxApplyingBytes;
    if (advanced && this.trace !== undefined) {
      this.trace({ kind: TraceKind.AppliedAdvanced, id: this.id, applied: index });
    }
  }

  /** A snapshot takes the place of the whole log. */
  restore(snapshot: Snapshot): void {
    if (this.trace !== undefined) {
      this.trace({
        kind: TraceKind.SnapshotRestoreStarted,
        id: this.id,
        commit: this.commit,
        applied: this.applied,
        applying: this.applying,
        unstableOffset: this.unstable.offset,
        unstableOffsetInProgress: this.unstable.offsetInProgress,
        unstableCount: this.unstable.entries.length,
        snapshotIndex: snapshot.index,
        snapshotTerm: snapshot.term,
      });
    }
    this.commit = snapshot.index;
    this.unstable.restore(snapshot);
  }

  /** The newest snapshot: one that waits to be durable, else storage's. */
  snapshot(): Snapshot | 'unavailable' {
    return this.unstable.snapshot ?? this.storage.snapshot();
  }

  /** Whether any entry in (applied, commit] is a change of membership. */
  hasUnapplied(isWanted: (entry: Entry) => boolean): boolean {
    let low = this.applied + 1;
    while (low <= this.commit) {
      // In pages, so that a long backlog is not read into memory at once.
      const page = this.slice(low, this.commit + 1, this.maxApplyingBytes);
      if (page === undefined)
        return unreachable(`entries after ${this.applied} were compacted before they were applied`);
      if (page.some(isWanted)) return true;
      low += page.length;
    }
    return false;
  }

  private extend(stable: readonly Entry[], high: number, maxBytes: number): readonly Entry[] {
    const size = maxBytes === Infinity ? 0 : entriesSize(stable);
    if (size >= maxBytes) return stable;
    const { entries, offset } = this.unstable;
    let count = countWithin(entries, 0, high - offset, maxBytes - size);
    // The first of a part always counts, but here it is not the first of the whole.
    if (count === 1 && size + entriesSize(entries.slice(0, 1)) > maxBytes) count = 0;
    return count === 0 ? stable : stable.concat(entries.slice(0, count));
  }

  private findConflict(entries: readonly Entry[]): number {
    const last = this.lastIndex;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i] as Entry;
      if (entry.index > last) return i;
      const existingTerm = this.termOrZero(entry.index);
      if (existingTerm !== entry.term) {
        if (this.trace !== undefined) {
          this.trace({
            kind: TraceKind.LogConflict,
            id: this.id,
            index: entry.index,
            existingTerm,
            conflictingTerm: entry.term,
          });
        }
        return i;
      }
    }
    return entries.length;
  }

  private truncateAndAppend(entries: readonly Entry[], from: number): void {
    const first = entries[from] as Entry;
    invariant(first.index > this.commit, () => `append at ${first.index} would replace committed entries`);
    this.unstable.truncateAndAppend(entries, from);
    if (this.trace !== undefined) {
      this.trace({
        kind: TraceKind.EntriesAppended,
        id: this.id,
        firstIndex: first.index,
        lastIndex: this.lastIndex,
        entries: from === 0 ? entries : entries.slice(from),
      });
    }
  }
}
