/** Timing of elections, in ticks of the loop. */
export interface GroupTiming {
  /** Ticks without a word from the leader until an election; randomised over [T, 2T). */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
}

/** Rules of elections and reads. */
export interface GroupRules {
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  /** Reads are served under the leader's lease rather than by a round of heartbeats each: only where clocks can be trusted. See ReadLease. */
  readonly leaseReads: boolean;
}

/** Bounds of one group. What would exceed them is refused with `Overloaded` or `LimitExceeded`. */
export interface GroupLimits {
  /** Bytes of one command. */
  readonly proposalBytesMax: number;
  /** Proposals that were accepted and have no outcome. */
  readonly proposalsPendingMax: number;
  /** Bytes of proposals that wait for the next turn. */
  readonly proposalBytesQueuedMax: number;
  /** Reads without an outcome. */
  readonly readsPendingMax: number;
  /** Bytes of log entries a leader accepts beyond what is committed. */
  readonly uncommittedBytesMax: number;
  /** Bytes of entries in one append message. */
  readonly messageBytesMax: number;
  /** Append messages under way to one peer. */
  readonly inflightMessagesMax: number;
  /** Bytes of entries under way to one peer. */
  readonly inflightBytesMax: number;
  /** Committed entries delivered to the state machine in one turn. */
  readonly applyEntriesMax: number;
  /** Bytes of committed entries delivered to the state machine in one turn. */
  readonly applyBytesMax: number;
  /**
   * Bytes of log entries that all groups of the node hold in memory together (of a worker, where it has several). Groups take snapshots, and
   * compact, early enough to stay below half of it; what is proposed while they do not keep up is refused.
   */
  readonly nodeLogBytesMax: number;
  /** Ticks until a read index that went to another leader is asked for again. */
  readonly readRetryTicks: number;
}

/** Defaults of GroupLimits. */
export const DEFAULT_GROUP_LIMITS: GroupLimits = {
  proposalBytesMax: 4 * 1024 * 1024,
  proposalsPendingMax: 16_384,
  proposalBytesQueuedMax: 32 * 1024 * 1024,
  readsPendingMax: 65_536,
  uncommittedBytesMax: 128 * 1024 * 1024,
  messageBytesMax: 1024 * 1024,
  inflightMessagesMax: 256,
  inflightBytesMax: 64 * 1024 * 1024,
  applyEntriesMax: 4_096,
  applyBytesMax: 4 * 1024 * 1024,
  nodeLogBytesMax: 1024 * 1024 * 1024,
  readRetryTicks: 4,
};

/** Defaults of GroupRules. */
export const DEFAULT_GROUP_RULES: GroupRules = { preVote: true, checkQuorum: true, leaseReads: false };

/** Defaults of GroupTiming: 500 ms and 50 ms at 50 ms a tick. */
export const DEFAULT_GROUP_TIMING: GroupTiming = { electionTicks: 10, heartbeatTicks: 1 };
