import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { LogEngine, SnapshotStore } from '@flotilla/storage';
import type { GroupSpec } from '../multi-raft/group-spec.js';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import type { LearnerPromotion } from './learner-promotion.js';
import type { LoopMetrics } from './loop-metrics.js';
import type { EpochMark, PeerNetwork } from './peer-network.js';

/** What a loop is made of: one worker's groups, log and peers. */
export interface RaftLoopOptions {
  readonly groups: MultiRaft;
  readonly log: LogEngine;
  readonly snapshots: SnapshotStore;
  readonly peers: PeerNetwork;
  readonly runtime: Runtime;
  /** Length of a tick (default 50 ms). */
  readonly tickMs?: number;
  /** Work of one turn until the loop yields (default 5 ms). */
  readonly turnBudgetMs?: number;
  /** Without it batches carry epoch 0. */
  readonly epoch?: EpochMark;
  /** Without it learners stay learners. */
  readonly promotion?: LearnerPromotion;
  /** The loop stopped by itself: its disk failed. Called once. */
  readonly onFailed?: (error: FlotillaError) => void;
}

/** What was found on disk at start. */
export interface RecoveryReport {
  /** Groups that had a log or a snapshot. */
  readonly recovered: readonly number[];
  /** Groups that were started afresh. */
  readonly fresh: readonly number[];
  /** Groups on disk that nobody claimed: their removal was interrupted, and has now been finished. */
  readonly dropped: readonly number[];
}

/** The pump: one turn for all groups of a worker that have something to do (DESIGN.md section 4). */
export class RaftLoop implements AsyncDisposable {
  readonly groups: MultiRaft;

  constructor(options: RaftLoopOptions) {
    this.groups = options.groups;
  }

  get metrics(): Readonly<LoopMetrics> {
    throw unfinished();
  }

  /** Set once the disk failed; the loop then stands still. */
  get failure(): FlotillaError | undefined {
    throw unfinished();
  }

  /**
   * Recovers log and snapshots, opens `groups`, restores their state machines, attaches to the peers and runs. What is on disk
   * of any other group is dropped. Rejects with StorageCorrupt, StorageFailed, IncompatibleVersion.
   */
  start(_groups: readonly GroupSpec[]): Promise<RecoveryReport> {
    throw unfinished();
  }

  /** A peer is known to be dead by host liveness, or alive again: wakes quiescent groups. */
  hostDead(_node: number): void {
    throw unfinished();
  }

  hostAlive(_node: number): void {
    throw unfinished();
  }

  /** Placement changed: learners that `promotion` left alone are offered to it again. */
  reconsiderPromotions(): void {
    throw unfinished();
  }

  /** Takes a snapshot of a group now; resolves with its index when it is durable. */
  snapshotNow(_group: number): Promise<number> {
    throw unfinished();
  }

  /** Stops turns, fails what waits with Shutdown, waits for the write and the snapshots in flight. Closes neither log, store nor peers. */
  stop(): Promise<void> {
    throw unfinished();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function unfinished(): FlotillaError {
  return new FlotillaError('Internal', { message: 'being written', details: { reason: 'being written' } });
}
