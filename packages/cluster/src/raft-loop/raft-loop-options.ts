import type { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { LogEngine } from '@flotilla/storage';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import type { LearnerPromotion } from './learner-promotion.js';
import type { EpochMark, PeerNetwork } from './peer-network.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';

/** What a loop is made of: one worker's groups, log and peers. */
export interface RaftLoopOptions {
  readonly groups: MultiRaft;
  readonly log: LogEngine;
  readonly snapshots: SnapshotKeeper;
  readonly peers: PeerNetwork;
  readonly runtime: Runtime;
  /** Length of a tick (default 50 ms). */
  readonly tickMs?: number;
  /** Work of one turn until the loop yields (default 5 ms). */
  readonly turnBudgetMs?: number;
  /** A write that takes longer silences this node until it ends, so that leadership moves away from a disk that hangs (default 5,000 ms). */
  readonly diskStallMs?: number;
  /** Bytes of frames that may wait for a turn; what comes beyond is dropped (default 256 MiB). */
  readonly inboxBytesMax?: number;
  /** Without it batches carry epoch 0. */
  readonly epoch?: EpochMark;
  /** Without it learners stay learners. */
  readonly promotion?: LearnerPromotion;
  /** The disk is full (`error`), or has room again (undefined). The loop goes on in both. */
  readonly onRoom?: (error: FlotillaError | undefined) => void;
  /** The loop stopped by itself: its disk failed (StorageFailed), or it has a bug (Internal). Called once. */
  readonly onFailed?: (error: FlotillaError) => void;
}
