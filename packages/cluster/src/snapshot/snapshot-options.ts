import { DEFAULT_GROUP_LIMITS } from '../group/group-options.js';
import { DEFAULT_SNAPSHOT_POLICY, type SnapshotPolicy } from './snapshot-policy.js';

/** How snapshots are taken and carried. */
export interface SnapshotOptions {
  readonly policy: SnapshotPolicy;
  /** Bytes of commands that the logs of all groups of a worker may hold together: many groups compact earlier than `policy` says. */
  readonly nodeBytesMax: number;
  /** Bytes of one checksummed piece of a transfer. */
  readonly chunkBytes: number;
  /** Bytes a second that this node sends of snapshots, all together. */
  readonly bytesPerSecond: number;
  /** Transfers that this node sends at a time; the others wait. */
  readonly sendsMax: number;
  /** Transfers that this node receives at a time; others are refused, and tried again by their senders. */
  readonly receivesMax: number;
  /** Snapshots of own state that are written at a time; the others wait. */
  readonly takesMax: number;
  /** A transfer that makes no progress for so long is given up; what arrived is kept for a resume. */
  readonly stallTimeoutMs: number;
  /** Pause after a failed transfer to a peer, doubled each time up to 64 times. */
  readonly retryPauseMs: number;
  /** Partial files that nobody touched for so long are removed. */
  readonly orphanPartialMaxAgeMs: number;
}

/** Defaults of SnapshotOptions. */
export const DEFAULT_SNAPSHOT_OPTIONS: SnapshotOptions = {
  policy: DEFAULT_SNAPSHOT_POLICY,
  nodeBytesMax: DEFAULT_GROUP_LIMITS.nodeLogBytesMax,
  chunkBytes: 4 * 1024 * 1024,
  bytesPerSecond: 128 * 1024 * 1024,
  sendsMax: 4,
  receivesMax: 8,
  takesMax: 2,
  stallTimeoutMs: 10_000,
  retryPauseMs: 100,
  orphanPartialMaxAgeMs: 300_000,
};
