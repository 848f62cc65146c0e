import type { ConfState, Role } from '@flotilla/raft-core';

/** A role in words, for status, metrics and events. A learner is a follower that does not vote. */
export type RoleName = 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'learner';

/** What one group of this node looks like now. */
export interface GroupStatus {
  readonly group: number;
  readonly role: RoleName;
  /** Undefined while no leader is known. */
  readonly leader: number | undefined;
  readonly term: number;
  /** Highest index known to be committed. */
  readonly commitIndex: number;
  /** Highest index whose effects are visible on this node. */
  readonly appliedIndex: number;
  /** First index still in the log; what is older is in the snapshot. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Voters as of the applied index, ascending; both halves of a joint configuration. */
  readonly members: readonly number[];
  /** Learners as of the applied index, ascending. */
  readonly learners: readonly number[];
  /** How many vShards the routing table gives to the group. */
  readonly vshardCount: number;
  /** The group's incarnation: group 0's index of its creation, 0 at bootstrap. */
  readonly incarnation: number;
  /** Ticks have stopped: idle, and all its followers have confirmed so. */
  readonly quiescent: boolean;
  /** Why the group stopped: its state machine threw, or an invariant was violated. Undefined while it runs. */
  readonly stopped: string | undefined;
  /** The configuration as of the applied index, in full. */
  readonly confState: ConfState;
}

/** How far a leader has brought one peer. */
export interface PeerProgress {
  readonly match: number;
  readonly next: number;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  readonly learner: boolean;
  readonly recentlyActive: boolean;
}

/** Change of leader, term or role of a group, as this node sees it. */
export interface LeaderChange {
  readonly group: number;
  /** 0: unknown. */
  readonly leader: number;
  readonly term: number;
  readonly role: Role;
}
