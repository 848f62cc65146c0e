import { asConfChangeV2, decodeConfChange, decodeConfChangeV2, transitionOf } from '../conf-change/codec.js';
import { Changer, type ChangeResult } from '../conf-change/changer.js';
import type { ConfChange, ConfChangeV2 } from '../conf-change/conf-change.js';
import { isJoint } from '../conf-change/configuration.js';
import { unreachable } from '../invariant.js';
import { EntryType, NO_BYTES, type Entry } from '../log/entry.js';
import type { ConfChangeRefusal, ProposalRefusal } from '../raw-node/propose-result.js';
import type { Raft } from '../role/raft.js';
import { TraceKind } from '../trace/trace-kind.js';
import { broadcastAppend } from './append.js';
import { appendOwnEntries } from './own-entries.js';

/** What a leader made of a proposal. */
export interface LeaderProposal {
  readonly refusal: ProposalRefusal | undefined;
  /** Why the last change of membership in it was replaced by an empty entry. */
  readonly replaced: ConfChangeRefusal | undefined;
}

const ACCEPTED: LeaderProposal = { refusal: undefined, replaced: undefined };

/**
 * A leader takes proposals into its log and sends them out, all in one round. `entries` carry its term and follow its log;
 * changes of membership that may not be made now are replaced by empty entries, in the array.
 */
export function proposeAsLeader(raft: Raft, entries: Entry[], hasConfChange: boolean): LeaderProposal {
  // Removed by a change that it has applied itself: it only leads until somebody else does.
  if (raft.tracker.find(raft.id) === undefined) return refuse(raft, 'removed');
  if (raft.transferee !== 0) return refuse(raft, 'transferring');
  const replaced = hasConfChange ? admitConfChanges(raft, entries) : undefined;
  if (!appendOwnEntries(raft, entries)) return refuse(raft, 'uncommitted-size');
  broadcastAppend(raft);
  return replaced === undefined ? ACCEPTED : { refusal: undefined, replaced };
}

/** Notes that a proposal was dropped. */
export function refuse(raft: Raft, reason: ProposalRefusal): LeaderProposal {
  if (raft.trace !== undefined) {
    raft.trace({
      kind: TraceKind.ProposalDropped,
      id: raft.id,
      reason,
      term: raft.term,
      leader: raft.leader,
      transferee: raft.transferee,
    });
  }
  return { refusal: reason, replaced: undefined };
}

/** What a change would make of the membership in effect. */
export function changeConfiguration(raft: Raft, change: ConfChangeV2): ChangeResult {
  const changer = new Changer(raft.tracker, raft.log.lastIndex);
  const { changes } = change;
  // A change of nobody can only mean to leave, however it says to enter.
  const leaves = changes.length === 0 && isJoint(raft.tracker.configuration);
  const transition = leaves ? 'leave-joint' : transitionOf(change);
  switch (transition) {
    case 'leave-joint':
      return changer.leaveJoint();
    case 'simple':
      return changer.simple(changes);
    case 'enter-joint':
      return changer.enterJoint(false, changes);
    case 'enter-joint-auto-leave':
      return changer.enterJoint(true, changes);
    default:
      return unreachable(`transition ${String(transition)}`);
  }
}

function admitConfChanges(raft: Raft, entries: Entry[]): ConfChangeRefusal | undefined {
  let replaced: ConfChangeRefusal | undefined;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as Entry;
    if (entry.type === EntryType.Normal) continue;
    const change = decodeChange(entry);
    const reason = refusalOf(raft, asConfChangeV2(change));
    if (reason === undefined || raft.config.disableConfChangeValidation) {
      raft.pendingConfIndex = entry.index;
      continue;
    }
    if (raft.trace !== undefined) {
      raft.trace({
        kind: TraceKind.ConfChangeIgnored,
        id: raft.id,
        change,
        configuration: raft.tracker.configuration,
        reason,
        pendingConfIndex: raft.pendingConfIndex,
        applied: raft.log.applied,
      });
    }
    replaced = reason;
    entries[i] = { term: entry.term, index: entry.index, type: EntryType.Normal, data: NO_BYTES };
  }
  return replaced;
}

/**
 * One change at a time, each from a known configuration (thesis, section 4.1). The configuration takes effect when it is
 * applied, so a change that is not applied here yet may be in effect elsewhere.
 */
function refusalOf(raft: Raft, change: ConfChangeV2): ConfChangeRefusal | undefined {
  const leaves = change.changes.length === 0;
  const joint = isJoint(raft.tracker.configuration);
  if (raft.pendingConfIndex > raft.log.applied) return 'pending';
  if (joint && !leaves) return 'joint';
  if (!joint && leaves) return 'not-joint';
  return changeConfiguration(raft, change).ok ? undefined : 'impossible';
}

function decodeChange(entry: Entry): ConfChange | ConfChangeV2 {
  const change = entry.type === EntryType.ConfChange ? decodeConfChange(entry.data) : decodeConfChangeV2(entry.data);
  return change.kind === 'malformed'
    ? unreachable(`proposed change of membership is ${change.kind}: ${change.reason}`)
    : change;
}
