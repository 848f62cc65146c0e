import type { Entry } from '../log/entry.js';
import type { Snapshot } from '../log/snapshot.js';
import type { HardState } from '../log/storage.js';
import type { Message } from '../message/message.js';

/** Roles of a node. The numbers are stable: they are in trace events. */
export const Role = { Follower: 0, Candidate: 1, Leader: 2, PreCandidate: 3 } as const;
export type Role = (typeof Role)[keyof typeof Role];

/** What need not survive a crash. */
export interface SoftState {
  /** 0: unknown. */
  readonly leader: number;
  readonly role: Role;
}

/** A read that may be served as soon as `index` is applied here (thesis, section 6.4). */
export interface ReadState {
  readonly index: number;
  /** The number that was given to `readIndex`. */
  readonly context: number;
}

/** Work for the disk, in the asynchronous mode. Works are durable in the order in which they were handed out. */
export interface AppendWork {
  /** Entries to append; a first index at or below the last one replaces the suffix. */
  readonly entries: readonly Entry[];
  readonly hardState: HardState | undefined;
  readonly snapshot: Snapshot | undefined;
  /** To be stepped (those to this node) or sent (all others) once the work, and all before it, is durable. */
  readonly responses: readonly Message[];
}

/** Work for the state machine, in the asynchronous mode. */
export interface ApplyWork {
  readonly entries: readonly Entry[];
  /** To be stepped back into this node once the entries are applied. */
  readonly responses: readonly Message[];
}

/** All that the core wants done since the last one (etcd/raft's Ready). */
export interface Ready {
  /** Present when leader or role changed. */
  readonly softState: SoftState | undefined;
  /** Synchronous mode: to be made durable before `messages` leave. Asynchronous mode: informational, carried by `append`. */
  readonly hardState: HardState | undefined;
  readonly readStates: readonly ReadState[];
  /** Synchronous mode: to be made durable before `messages` leave. */
  readonly entries: readonly Entry[];
  /** Synchronous mode: to be made durable, and restored, before anything else. `undefined`: none. */
  readonly snapshot: Snapshot | undefined;
  /** To be applied, in order. */
  readonly committedEntries: readonly Entry[];
  /**
   * To be sent: after the write in the synchronous mode; in the asynchronous one at once, but for Vote, which should wait until `append` is
   * durable: a candidate that is elected, dies and has forgotten its campaign could lead the same term again, with other entries.
   */
  readonly messages: readonly Message[];
  /** The write of hard state and entries must be synced. */
  readonly mustSync: boolean;
  /** Asynchronous mode only. */
  readonly append: AppendWork | undefined;
  /** Asynchronous mode only. */
  readonly apply: ApplyWork | undefined;
}
