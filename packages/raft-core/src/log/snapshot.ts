/** A membership as etcd/raft's ConfState has it. Lists are ascending and hold no id twice. */
export interface ConfState {
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  /** Voters of the outgoing half of a joint configuration; empty outside of one. */
  readonly votersOutgoing: readonly number[];
  /** Voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly number[];
  /** The joint configuration is left automatically, as soon as it is applied. */
  readonly autoLeave: boolean;
}

/** A snapshot's place in the log, and optionally its bytes (Raft paper, section 7). `index` 0: no snapshot. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  /** The configuration as of `index`. */
  readonly confState: ConfState;
  /** Application bytes; empty where the host carries them beside the message, as Flotilla's does. */
  readonly data: Uint8Array;
}
