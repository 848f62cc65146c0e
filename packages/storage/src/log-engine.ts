import type { ConfState, Entry, HardState } from '@flotilla/raft-core';

/** Where a group's log begins: all up to and including `index` is in the snapshot. */
export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** What one batch does to one group. Fields act in the order in which they stand here. */
export interface GroupWrite {
  readonly group: number;
  /** Drops all that was held of the group, before the other fields act; alone, the group is gone. */
  readonly removed?: boolean;
  /** A snapshot was installed, or taken: it becomes the start of the log. With `resetLog` all entries are dropped. */
  readonly snapshotMark?: SnapshotMark;
  /** All entries held are dropped: an installed snapshot replaced them. */
  readonly resetLog?: boolean;
  readonly hardState?: HardState;
  /** Contiguous. A first index at or below the last one held replaces the suffix from there; a gap is refused. */
  readonly entries?: readonly Entry[];
  /** Entries up to and including it are no longer needed. Never above the snapshot mark's index. */
  readonly compactTo?: number;
}

/** One atomic batch. A group stands in it at most once. */
export type LogBatch = readonly GroupWrite[];

/** A group as recovery found it. */
export interface RecoveredGroup {
  readonly group: number;
  readonly hardState: HardState;
  readonly snapshotMark: SnapshotMark | undefined;
  /** Contiguous; the first index is at most one past the snapshot mark's index. */
  readonly entries: readonly Entry[];
}

/** What the engine can promise of a resolved append. */
export type Durability = 'power' | 'process' | 'none';

/**
 * The log of all groups of one worker.
 *
 * - `append` is atomic for the batch, durable (as `durability` says) when it resolves; several may be in flight, they take
 *   effect first in first out, and a resolved one means that all earlier ones are durable too.
 * - The caller does not change a batch, its entries or their bytes after the call.
 * - After any failed append or sync the engine is dead: every later call rejects with StorageFailed, and a new
 *   engine must be opened over the same files.
 * - `recover` is called once, before the first append. It rejects with StorageCorrupt{path, offset, reason} rather than drop
 *   anything that may have been acknowledged.
 */
export interface LogEngine extends AsyncDisposable {
  readonly durability: Durability;
  recover(): Promise<readonly RecoveredGroup[]>;
  append(batch: LogBatch): Promise<void>;
  /** Figures for observation. */
  stats(): LogEngineStats;
  /** Waits for appends in flight, then gives up the lock. */
  close(): Promise<void>;
}

/** Figures of a log engine since it was opened. */
export interface LogEngineStats {
  readonly appends: number;
  readonly bytesWritten: number;
  readonly syncs: number;
  readonly segments: number;
  readonly diskBytes: number;
}
