import type { Entry } from '../log/entry.js';
import type { Traced, TraceKind } from './trace-kind.js';

/** `… [term: …] ignored entry appends from a MsgStorageAppendResp message with lower term [term: …]`. INFO. */
export interface LowerTermAppendIgnored extends Traced<typeof TraceKind.LowerTermAppendIgnored> {
  readonly term: number;
  readonly messageTerm: number;
}

/** `found conflict at index … [existing term: …, conflicting term: …]`. INFO. */
export interface LogConflict extends Traced<typeof TraceKind.LogConflict> {
  readonly index: number;
  readonly existingTerm: number;
  readonly conflictingTerm: number;
}

/** `replace the unstable entries from index …`. INFO. */
export interface UnstableReplaced extends Traced<typeof TraceKind.UnstableReplaced> {
  readonly index: number;
}

/** `truncate the unstable entries before index …`. INFO. */
export interface UnstableTruncated extends Traced<typeof TraceKind.UnstableTruncated> {
  readonly index: number;
}

/**
 * A write was reported durable that is no longer waited for. INFO.
 * `missing`: `entry at index … missing from unstable log; ignoring`. `snapshot`: `entry at index … matched unstable
 * snapshot; ignoring`. `mismatch`: `entry at (index,term)=(…,…) mismatched with entry at (…,…) in unstable log; ignoring`.
 */
export interface StableIgnored extends Traced<typeof TraceKind.StableIgnored> {
  readonly reason: 'missing' | 'snapshot' | 'mismatch';
  readonly index: number;
  /** Term of the entry that was written. */
  readonly term: number;
  /** Term of the entry that is waited for; 0 when there is none. */
  readonly existingTerm: number;
}

/** Entries entered the log: a leader's own, or those of an append, after any truncation. */
export interface EntriesAppended extends Traced<typeof TraceKind.EntriesAppended> {
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Those from `firstIndex` to `lastIndex`; what the log had from `firstIndex` on is gone. */
  readonly entries: readonly Entry[];
}

/** The commit index rose. */
export interface CommitAdvanced extends Traced<typeof TraceKind.CommitAdvanced> {
  readonly commit: number;
}

/** The applied index rose. */
export interface AppliedAdvanced extends Traced<typeof TraceKind.AppliedAdvanced> {
  readonly applied: number;
}

/** What happens to the log and its indexes. */
export type LogEvent =
  | LowerTermAppendIgnored
  | LogConflict
  | UnstableReplaced
  | UnstableTruncated
  | StableIgnored
  | EntriesAppended
  | CommitAdvanced
  | AppliedAdvanced;
