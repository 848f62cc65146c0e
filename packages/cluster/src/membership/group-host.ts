import type { ConfChange, ConfChangeV2 } from '@flotilla/raft-core';
import type { GroupStatus, PeerProgress } from '../group/group-status.js';
import type { ConfChanged, WaitOptions } from '../multi-raft/multi-raft.js';

/** The groups of this node, whichever worker runs them. */
export interface GroupHost {
  readonly nodeId: number;
  /** Ids of the groups held, ascending. */
  groupIds(): readonly number[];
  hasGroup(group: number): boolean;
  /** Throws GroupNotFound. */
  status(group: number): GroupStatus;
  /** Progress of all peers of a led group by id; undefined where this node does not lead it. */
  progress(group: number): ReadonlyMap<number, PeerProgress> | undefined;
  proposeConfChange(group: number, change: ConfChange | ConfChangeV2, options?: WaitOptions): Promise<ConfChanged>;
  transferLeadership(group: number, to: number, options?: WaitOptions): Promise<void>;
  /** Opens an empty replica, which its leader will fill, on a worker. */
  openReplica(replica: ReplicaSpec): void;
  /** Drops a replica; resolves when the disk has it. */
  dropReplica(group: number): Promise<void>;
}

/** A replica to be opened. */
export interface ReplicaSpec {
  readonly group: number;
  readonly worker: number;
  readonly incarnation: number;
  /** What status shows until the leader was heard. */
  readonly voters: readonly number[];
  readonly learners: readonly number[];
}

/** A replica that this node holds, as its catalog lists it. */
export interface HeldGroup {
  readonly group: number;
  /** The worker that runs it, fixed for its life. */
  readonly worker: number;
  /** Group 0's index of the group's creation; 0 at bootstrap. */
  readonly incarnation: number;
  /** First voters, where this node founded the group; undefined where it joined it. */
  readonly founders: readonly number[] | undefined;
  /** The log has held something: if it is ever found empty, it was lost. */
  readonly established: boolean;
}
