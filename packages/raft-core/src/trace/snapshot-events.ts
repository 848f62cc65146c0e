import type { Configuration } from '../conf-change/configuration.js';
import type { ProgressStatus } from '../tracker/progress.js';
import type { Traced, TraceKind } from './trace-kind.js';

/** `… [firstindex: …, commit: …] sent snapshot[index: …, term: …] to … […]`. DEBUG. */
export interface SnapshotSent extends Traced<typeof TraceKind.SnapshotSent> {
  readonly firstIndex: number;
  readonly commit: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  /** As it was before. */
  readonly progress: ProgressStatus;
}

/**
 * `inactive`: `ignore sending snapshot to … since it is not recently active`. `unavailable`: `… failed to send snapshot
 * to … because snapshot is temporarily unavailable`. Both DEBUG.
 */
export interface SnapshotNotSent extends Traced<typeof TraceKind.SnapshotNotSent> {
  readonly to: number;
  readonly reason: 'inactive' | 'unavailable';
}

/** `… recovered from needing snapshot, resumed sending replication messages to … […]`. DEBUG. */
export interface SnapshotRecovered extends Traced<typeof TraceKind.SnapshotRecovered> {
  readonly progress: ProgressStatus;
}

/** `… snapshot succeeded | failed, resumed sending replication messages to … […]`. DEBUG. */
export interface SnapshotReported extends Traced<typeof TraceKind.SnapshotReported> {
  readonly succeeded: boolean;
  readonly progress: ProgressStatus;
}

/** `log [committed=…, applied=…, applying=…, unstable.offset=…, unstable.offsetInProgress=…, len(unstable.Entries)=…] starts to restore snapshot [index: …, term: …]`. INFO. */
export interface SnapshotRestoreStarted extends Traced<typeof TraceKind.SnapshotRestoreStarted> {
  readonly commit: number;
  readonly applied: number;
  readonly applying: number;
  readonly unstableOffset: number;
  readonly unstableOffsetInProgress: number;
  readonly unstableCount: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …, lastindex: …, lastterm: …] restored snapshot [index: …, term: …]`. INFO. */
export interface LogRestored extends Traced<typeof TraceKind.LogRestored> {
  readonly commit: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …] restored snapshot [index: …, term: …]`. INFO. */
export interface SnapshotRestored extends Traced<typeof TraceKind.SnapshotRestored> {
  readonly commit: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …] ignored snapshot [index: …, term: …]`. INFO. */
export interface SnapshotIgnored extends Traced<typeof TraceKind.SnapshotIgnored> {
  readonly commit: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …, lastindex: …, lastterm: …] fast-forwarded commit to snapshot [index: …, term: …]`. INFO. */
export interface SnapshotFastForwarded extends Traced<typeof TraceKind.SnapshotFastForwarded> {
  /** Before it was raised. */
  readonly commit: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… attempted to restore snapshot but it is not in the ConfState …; should never happen`. WARN. */
export interface SnapshotRefused extends Traced<typeof TraceKind.SnapshotRefused> {
  readonly configuration: Configuration;
}

/** What happens to snapshots, sent and received. */
export type SnapshotEvent =
  | SnapshotSent
  | SnapshotNotSent
  | SnapshotRecovered
  | SnapshotReported
  | SnapshotRestoreStarted
  | LogRestored
  | SnapshotRestored
  | SnapshotIgnored
  | SnapshotFastForwarded
  | SnapshotRefused;
