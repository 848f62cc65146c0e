import { decodeConfChange, decodeConfChangeV2 } from '../conf-change/codec.js';
import { isPossibleConfState } from '../conf-change/restore.js';
import { EntryType, type Entry } from '../log/entry.js';
import type { StepResult } from '../raw-node/step-result.js';
import { LOCAL_APPEND_THREAD, LOCAL_APPLY_THREAD, MessageType, type Message } from './message.js';

/**
 * Terms, indexes and contexts of messages stay below this. Far below 2^53, so that a lie that is believed
 * (a term takes over everything) still leaves room to count on exactly.
 */
export const NUMBER_LIMIT: number = 2 ** 52;

/**
 * Whether a message is one that a correct peer could send, by its form alone. Anything may come over a wire: what is
 * refused here is refused before it had any effect.
 */
export function validateMessage(message: Message): StepResult {
  const { type, from } = message;
  if (!(type >= MessageType.Hup && type <= MessageType.ForgetLeader) || !Number.isInteger(type)) return 'unknown-type';
  if (!isNumber(message.term) || !isNumber(message.logTerm) || !isNumber(message.index)) return 'malformed';
  if (!isNumber(message.commit) || !isNumber(message.rejectHint) || !isNumber(message.context)) return 'malformed';
  if (!isNumber(from) && from !== LOCAL_APPEND_THREAD && from !== LOCAL_APPLY_THREAD) return 'malformed';
  switch (type) {
    case MessageType.App:
      return message.term === 0 || from === 0 ? 'malformed' : validateAppend(message);
    case MessageType.Prop:
      return validateProposal(message.entries);
    case MessageType.Snap:
      return message.term === 0 || from === 0 ? 'malformed' : validateSnapshot(message);
    case MessageType.Heartbeat:
    case MessageType.Vote:
    case MessageType.PreVote:
    case MessageType.TimeoutNow:
    case MessageType.AppResp:
    case MessageType.HeartbeatResp:
    case MessageType.VoteResp:
    case MessageType.PreVoteResp:
    case MessageType.ReadIndexResp:
      // Without a term it would pass for a local message, whatever its age.
      return message.term === 0 || from === 0 ? 'malformed' : 'ok';
    default:
      return 'ok';
  }
}

/** Whether a number is an unsigned integer within the limit. */
export function isNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < NUMBER_LIMIT;
}

function validateAppend(message: Message): StepResult {
  const { entries } = message;
  let index = message.index;
  let term = message.logTerm;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    index++;
    if (entry.index !== index || !(entry.term >= term) || !Number.isSafeInteger(entry.term)) {
      return 'entries-out-of-order';
    }
    term = entry.term;
  }
  if (entries.length === 0) return 'ok';
  return term <= message.term && term > 0 && isNumber(index) ? 'ok' : 'entries-out-of-order';
}

function validateProposal(entries: readonly Entry[]): StepResult {
  if (entries.length === 0) return 'malformed';
  for (const entry of entries) {
    if (entry.type === EntryType.Normal) continue;
    const change =
      entry.type === EntryType.ConfChange
        ? decodeConfChange(entry.data)
        : entry.type === EntryType.ConfChangeV2
          ? decodeConfChangeV2(entry.data)
          : undefined;
    if (change === undefined || change.kind === 'malformed') return 'malformed-conf-change';
  }
  return 'ok';
}

function validateSnapshot(message: Message): StepResult {
  const { snapshot } = message;
  if (snapshot === undefined) return 'malformed-snapshot';
  const { index, term } = snapshot;
  if (!isNumber(index) || !isNumber(term) || index === 0 || term === 0 || term > message.term) {
    return 'malformed-snapshot';
  }
  return isPossibleConfState(snapshot.confState) ? 'ok' : 'malformed-snapshot';
}
