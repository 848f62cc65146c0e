import type { ConfState, Entry, HardState } from '@flotilla/raft-core';
import type { Durability } from './durability.js';

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
  /** A snapshot was installed, or taken: it becomes the start of the log. Without `resetLog` the entries held, if any, reach it. Never below the mark before it. */
  readonly snapshotMark?: SnapshotMark;
  /** All entries held are dropped: an installed snapshot replaced them. The next entry is the one after the mark. */
  readonly resetLog?: boolean;
  readonly hardState?: HardState;
  /** Contiguous. A first index at or below the last one held replaces the suffix from there; a gap is refused, and so is a replacement of what was compacted. */
  readonly entries?: readonly Entry[];
  /** Entries up to and including it are no longer needed. Never above the snapshot mark's index. */
  readonly compactTo?: number;
}

/** One atomic batch. A group stands in it at most once. */
export type LogBatch = readonly GroupWrite[];

/** A group as recovery found it. */
export interface RecoveredGroup {
  readonly group: number;
  /** All zero where none was written. */
  readonly hardState: HardState;
  readonly snapshotMark: SnapshotMark | undefined;
  /** Contiguous; the first index is at most one past the snapshot mark's index. */
  readonly entries: readonly Entry[];
}

/**
 * The log of all groups of one worker.
 *
 * - `append` is atomic for the batch, durable (as `durability` says) when it resolves; several may be in flight, they take
 *   effect first in first out, and a resolved one means that all earlier ones are durable too.
 * - The caller does not change a batch, its entries or their bytes after the call.
 * - A batch against the contract (a gap, a group twice) rejects with InvalidArgument; nothing of it is done, the engine goes on.
 * - StorageFull rejects an append and those queued behind it; nothing of them is done, the engine goes on. Even then batches without
 *   entries find room for a while, so that snapshot marks and compaction can make space.
 * - After any failed write or sync the engine is dead: what is in flight and every later call reject with StorageFailed,
 *   and a new engine must be opened over the same files.
 * - `recover` is called once, before the first append. It rejects with StorageCorrupt{path, offset, reason} rather than drop
 *   anything that may have been acknowledged.
 */
export interface LogEngine extends AsyncDisposable {
  readonly durability: Durability;
  /** Every group of which anything is held, ascending. @throws StorageCorrupt, IncompatibleVersion, StorageFailed, StorageFull */
  recover(): Promise<readonly RecoveredGroup[]>;
  append(batch: LogBatch): Promise<void>;
  /** Figures for observation. */
  stats(): LogEngineStats;
  /** Waits for appends in flight, then gives up the lock. */
  close(): Promise<void>;
}

/** Figures of a log engine since it was opened. */
export interface LogEngineStats {
  /** Batches appended and durable. */
  readonly appends: number;
  /** Bytes of batches as written, framing included. */
  readonly bytesWritten: number;
  /** Durable writes: fewer than appends where appends merged. */
  readonly syncs: number;
  /** Files held, spare ones included. */
  readonly segments: number;
  readonly diskBytes: number;
}
