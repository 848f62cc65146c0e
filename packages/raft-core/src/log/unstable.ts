import { invariant } from '../invariant.js';
import type { TraceSink } from '../trace/trace-event.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { Entry } from './entry.js';
import type { Snapshot } from './snapshot.js';

const NONE: readonly Entry[] = [];

/**
 * The tail of the log that is not known to be durable, and a snapshot that is not known to be.
 *
 * `entries[i]` has index `offset + i`. Entries before `offsetInProgress` were handed out to be written; the write is not
 * yet reported durable. Invariant: `offset <= offsetInProgress <= offset + entries.length`.
 */
export class Unstable {
  snapshot: Snapshot | undefined = undefined;
  snapshotInProgress: boolean = false;
  entries: Entry[] = [];
  offset: number;
  offsetInProgress: number;
  private readonly id: number;
  private readonly trace: TraceSink | undefined;

  constructor(offset: number, id: number, trace: TraceSink | undefined) {
    this.offset = offset;
    this.offsetInProgress = offset;
    this.id = id;
    this.trace = trace;
  }

  /** Index of the last entry, or one before `offset`. */
  get lastIndex(): number {
    return this.offset + this.entries.length - 1;
  }

  /** Term of the entry or of the snapshot at `index`; -1 when it is neither. */
  term(index: number): number {
    if (index >= this.offset) {
      const entry = this.entries[index - this.offset];
      return entry === undefined ? -1 : entry.term;
    }
    return this.snapshot !== undefined && this.snapshot.index === index ? this.snapshot.term : -1;
  }

  /** Whether there are entries that were not handed out. */
  get hasNext(): boolean {
    return this.offsetInProgress - this.offset < this.entries.length;
  }

  /** Entries that were not handed out; a copy. */
  next(): readonly Entry[] {
    const from = this.offsetInProgress - this.offset;
    return from === this.entries.length ? NONE : this.entries.slice(from);
  }

  /** Whether there is a snapshot that was not handed out. */
  get hasNextSnapshot(): boolean {
    return this.snapshot !== undefined && !this.snapshotInProgress;
  }

  /** Everything has been handed out. */
  accept(): void {
    this.offsetInProgress = this.offset + this.entries.length;
    if (this.snapshot !== undefined) this.snapshotInProgress = true;
  }

  /**
   * All entries up to `index` are durable, provided that the entry there is still the one of `term`: a later leader may
   * have replaced it while the write was under way, and that of the same index may still wait (the ABA of the log).
   */
  stableTo(index: number, term: number): void {
    const existing = this.term(index);
    if (existing < 0 || index < this.offset || existing !== term) {
      this.traceIgnored(index, term, existing);
      return;
    }
    const done = index + 1 - this.offset;
    this.entries = done === this.entries.length ? [] : this.entries.slice(done);
    this.offset = index + 1;
    if (this.offsetInProgress < this.offset) this.offsetInProgress = this.offset;
  }

  /** The snapshot at `index` is durable. */
  stableSnapshotTo(index: number): void {
    if (this.snapshot === undefined || this.snapshot.index !== index) return;
    this.snapshot = undefined;
    this.snapshotInProgress = false;
  }

  /** A snapshot takes the place of everything. */
  restore(snapshot: Snapshot): void {
    this.offset = snapshot.index + 1;
    this.offsetInProgress = this.offset;
    this.entries = [];
    this.snapshot = snapshot;
    this.snapshotInProgress = false;
  }

  /** Appends `added[from..]`, in place of what is at and after its first index. */
  truncateAndAppend(added: readonly Entry[], from: number): void {
    const first = added[from];
    if (first === undefined) return;
    const index = first.index;
    const end = this.offset + this.entries.length;
    invariant(index <= end, () => `append at ${index} leaves a gap after ${end - 1}`);
    if (index < end || index < this.offset) this.truncate(index);
    const entries = this.entries;
    for (let i = from; i < added.length; i++) entries.push(added[i] as Entry);
  }

  /** Entries in [low, high), which must be here; a copy. */
  slice(low: number, high: number): Entry[] {
    invariant(
      low <= high && low >= this.offset && high <= this.offset + this.entries.length,
      () => `unstable slice [${low}, ${high}) out of [${this.offset}, ${this.offset + this.entries.length})`,
    );
    return this.entries.slice(low - this.offset, high - this.offset);
  }

  private truncate(index: number): void {
    if (index <= this.offset) {
      if (this.trace !== undefined) this.trace({ kind: TraceKind.UnstableReplaced, id: this.id, index });
      this.entries = [];
      this.offset = index;
      this.offsetInProgress = index;
    } else {
      if (this.trace !== undefined) this.trace({ kind: TraceKind.UnstableTruncated, id: this.id, index });
      this.entries.length = index - this.offset;
      if (this.offsetInProgress > index) this.offsetInProgress = index;
    }
  }

  private traceIgnored(index: number, term: number, existing: number): void {
    if (this.trace === undefined) return;
    const reason = existing < 0 ? 'missing' : index < this.offset ? 'snapshot' : 'mismatch';
    this.trace({
      kind: TraceKind.StableIgnored,
      id: this.id,
      reason,
      index,
      term,
      existingTerm: Math.max(existing, 0),
    });
  }
}
