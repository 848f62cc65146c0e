import type { Entry } from '../log/entry.js';
import type { Snapshot } from '../log/snapshot.js';
import { MessageType, type Message } from './message.js';

/** No entries: shared by all messages without any. */
export const NO_ENTRIES: readonly Entry[] = Object.freeze([]);
/** No messages: shared. */
export const NO_MESSAGES: readonly Message[] = Object.freeze([]);

/**
 * A message of any kind from the fields that matter; the rest is 0, false, empty or undefined.
 * For decoders, tests and tools; always the same hidden class.
 */
export function createMessage(
  fields: Partial<Message> & { readonly type: MessageType; readonly to: number; readonly from: number },
): Message {
  return {
    type: fields.type,
    to: fields.to,
    from: fields.from,
    term: fields.term ?? 0,
    logTerm: fields.logTerm ?? 0,
    index: fields.index ?? 0,
    entries: fields.entries ?? NO_ENTRIES,
    commit: fields.commit ?? 0,
    vote: fields.vote ?? 0,
    snapshot: fields.snapshot,
    reject: fields.reject ?? false,
    rejectHint: fields.rejectHint ?? 0,
    context: fields.context ?? 0,
    responses: fields.responses ?? NO_MESSAGES,
  };
}

/** A message of scalars only: votes, acknowledgements, heartbeats. All literals list the fields in the order of `Message`. */
export function scalarMessage(
  type: MessageType,
  to: number,
  from: number,
  term: number,
  logTerm: number,
  index: number,
  commit: number,
  context: number,
): Message {
  return {
    type,
    to,
    from,
    term,
    logTerm,
    index,
    entries: NO_ENTRIES,
    commit,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context,
    responses: NO_MESSAGES,
  };
}

/** A refusal: of a vote, or of an append with a hint where the logs may meet. */
export function rejection(
  type: MessageType,
  to: number,
  from: number,
  term: number,
  index: number,
  hint: number,
  hintTerm: number,
): Message {
  return {
    type,
    to,
    from,
    term,
    logTerm: hintTerm,
    index,
    entries: NO_ENTRIES,
    commit: 0,
    vote: 0,
    snapshot: undefined,
    reject: true,
    rejectHint: hint,
    context: 0,
    responses: NO_MESSAGES,
  };
}

/** An append after the entry (`index`, `logTerm`). */
export function appendMessage(
  to: number,
  from: number,
  term: number,
  logTerm: number,
  index: number,
  entries: readonly Entry[],
  commit: number,
): Message {
  return {
    type: MessageType.App,
    to,
    from,
    term,
    logTerm,
    index,
    entries,
    commit,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context: 0,
    responses: NO_MESSAGES,
  };
}

/** A snapshot for a follower whose next entry is compacted away. */
export function snapshotMessage(to: number, from: number, term: number, snapshot: Snapshot): Message {
  return createMessage({ type: MessageType.Snap, to, from, term, snapshot });
}

/** Whether a message of this kind may only come from this node itself. */
export function isLocalType(type: MessageType): boolean {
  switch (type) {
    case MessageType.Hup:
    case MessageType.Beat:
    case MessageType.Unreachable:
    case MessageType.SnapStatus:
    case MessageType.CheckQuorum:
    case MessageType.StorageAppend:
    case MessageType.StorageAppendResp:
    case MessageType.StorageApply:
    case MessageType.StorageApplyResp:
      return true;
    default:
      return false;
  }
}

/** Whether a message of this kind answers one of ours, so that only members may send it. */
export function isResponseType(type: MessageType): boolean {
  switch (type) {
    case MessageType.AppResp:
    case MessageType.VoteResp:
    case MessageType.HeartbeatResp:
    case MessageType.Unreachable:
    case MessageType.ReadIndexResp:
    case MessageType.PreVoteResp:
    case MessageType.StorageAppendResp:
    case MessageType.StorageApplyResp:
      return true;
    default:
      return false;
  }
}

/**
 * Whether a node may rightly receive a message of this kind that names itself as sender: its own durable promises, and
 * requests that it sent to somebody who sent them on to it, because it leads by now.
 */
export function mayComeFromSelf(type: MessageType): boolean {
  switch (type) {
    case MessageType.AppResp:
    case MessageType.VoteResp:
    case MessageType.PreVoteResp:
    case MessageType.Prop:
    case MessageType.ReadIndex:
    case MessageType.TransferLeader:
    case MessageType.ForgetLeader:
      return true;
    default:
      return false;
  }
}
