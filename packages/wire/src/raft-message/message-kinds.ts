import type { EntryType, Message, MessageType } from '@flotilla/raft-core';

// The numbers are raft-core's, held against it by the compiler: wire takes nothing but types from that room.
/** MsgProp, forwarded to the leader. */
export const PROP: typeof MessageType.Prop = 2;
/** MsgSnap. */
export const SNAP: typeof MessageType.Snap = 7;
/** MsgHeartbeat. */
export const HEARTBEAT: typeof MessageType.Heartbeat = 8;
/** MsgHeartbeatResp. */
export const HEARTBEAT_RESP: typeof MessageType.HeartbeatResp = 9;

const TRAVELLING_KINDS: readonly MessageType[] = [
  PROP,
  3 satisfies typeof MessageType.App,
  4 satisfies typeof MessageType.AppResp,
  5 satisfies typeof MessageType.Vote,
  6 satisfies typeof MessageType.VoteResp,
  SNAP,
  HEARTBEAT,
  HEARTBEAT_RESP,
  13 satisfies typeof MessageType.TransferLeader,
  14 satisfies typeof MessageType.TimeoutNow,
  15 satisfies typeof MessageType.ReadIndex,
  16 satisfies typeof MessageType.ReadIndexResp,
  17 satisfies typeof MessageType.PreVote,
  18 satisfies typeof MessageType.PreVoteResp,
];

/** One bit for each kind that may travel between nodes; all others are local to one. */
const TRAVELLING_BITS: number = TRAVELLING_KINDS.reduce<number>((bits, kind) => bits | (1 << kind), 0);

/** Whether messages of this kind travel between nodes. */
export function travels(type: number): type is MessageType {
  return type >= 0 && type < 32 && (TRAVELLING_BITS & (1 << type)) !== 0;
}

/** The highest number of an entry type. */
export const ENTRY_TYPE_MAX: typeof EntryType.ConfChangeV2 = 2;

/** Bytes of an entry without content: the one instance, so that empty entries cost no view. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);
/** No entries. */
export const NO_ENTRIES: Message['entries'] = [];
/** No responses: they never travel. */
export const NO_RESPONSES: Message['responses'] = [];
