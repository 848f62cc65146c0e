import type { Entry } from '../log/entry.js';
import type { Snapshot } from '../log/snapshot.js';

/** Kinds of Raft message, in etcd/raft's words. The numbers are stable: they are on the wire. */
export const MessageType = {
  Hup: 0,
  Beat: 1,
  Prop: 2,
  App: 3,
  AppResp: 4,
  Vote: 5,
  VoteResp: 6,
  Snap: 7,
  Heartbeat: 8,
  HeartbeatResp: 9,
  Unreachable: 10,
  SnapStatus: 11,
  CheckQuorum: 12,
  TransferLeader: 13,
  TimeoutNow: 14,
  ReadIndex: 15,
  ReadIndexResp: 16,
  PreVote: 17,
  PreVoteResp: 18,
  StorageAppend: 19,
  StorageAppendResp: 20,
  StorageApply: 21,
  StorageApplyResp: 22,
  ForgetLeader: 23,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Node ids that name no peer: nobody, and the two local storage threads of the asynchronous mode. */
export const NO_NODE = 0;
/** Addressee of `StorageAppend`; never on the wire. */
export const LOCAL_APPEND_THREAD = -1;
/** Addressee of `StorageApply`; never on the wire. */
export const LOCAL_APPLY_THREAD = -2;

/**
 * A Raft message. All kinds share one flat shape, so that the engine sees one hidden class on the hot path;
 * a field that a kind does not use is 0, false, empty or undefined.
 *
 * Invariant: a message is immutable once it left the core; entries and bytes are shared, never copied.
 */
export interface Message {
  readonly type: MessageType;
  readonly to: number;
  readonly from: number;
  /** 0 for local messages. */
  readonly term: number;
  /** Term of the entry at `index` (App), of the last log entry (Vote), of the hint (AppResp rejection). */
  readonly logTerm: number;
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  /** Only in StorageAppend: the vote of the hard state to save. */
  readonly vote: number;
  readonly snapshot: Snapshot | undefined;
  readonly reject: boolean;
  readonly rejectHint: number;
  /**
   * Heartbeat and its response: position in the queue of unconfirmed reads (ReadIndex by counter, etcd/raft 3.7).
   * Vote and PreVote: 1 when the campaign is a leadership transfer. ReadIndex and its response: the caller's number.
   */
  readonly context: number;
  /** Only in StorageAppend and StorageApply: what may be delivered once the work is durable or applied. */
  readonly responses: readonly Message[];
}
