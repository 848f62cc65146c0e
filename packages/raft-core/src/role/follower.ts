import { createMessage, rejection, scalarMessage } from '../message/create.js';
import { MessageType, type Message } from '../message/message.js';
import type { StepResult } from '../raw-node/step-result.js';
import { refuse } from '../replication/proposal.js';
import { receiveSnapshot } from '../replication/receive-snapshot.js';
import { TraceKind } from '../trace/trace-kind.js';
import { startElection } from './election.js';
import type { Raft } from './raft.js';

/** A message for a follower, of its term or without one. */
export function stepFollower(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case MessageType.App:
    case MessageType.Heartbeat:
    case MessageType.Snap:
      raft.electionElapsed = 0;
      raft.leader = message.from;
      return receiveFromLeader(raft, message);
    case MessageType.Prop:
      return forwardProposal(raft, message);
    case MessageType.ReadIndex:
      forwardRead(raft, message);
      return 'ok';
    case MessageType.ReadIndexResp:
      raft.confirmRead(message.index, message.context);
      return 'ok';
    case MessageType.TransferLeader:
      forwardTransfer(raft, message);
      return 'ok';
    case MessageType.ForgetLeader:
      forgetLeader(raft);
      return 'ok';
    case MessageType.TimeoutNow:
      if (raft.trace !== undefined) {
        raft.trace({ kind: TraceKind.TimeoutNowReceived, id: raft.id, from: message.from, term: raft.term });
      }
      // Never by way of a pre-vote: the leader itself wants to be followed by this node (thesis, section 3.10).
      startElection(raft, 'transfer');
      return 'ok';
    default:
      return 'ok';
  }
}

/** An append, heartbeat or snapshot of the leader of this term. */
export function receiveFromLeader(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case MessageType.App:
      receiveAppend(raft, message);
      return 'ok';
    case MessageType.Heartbeat:
      return receiveHeartbeat(raft, message);
    default:
      receiveSnapshot(raft, message);
      return 'ok';
  }
}

/** Raft paper, figure 2, AppendEntries, with the hint of section 5.3 that lets the leader skip terms. */
function receiveAppend(raft: Raft, message: Message): void {
  const { log } = raft;
  const { from, index, logTerm } = message;
  if (index < log.commit) {
    // Old, or a leader's that knows less: what is committed is never replaced, and the answer says how far that is.
    raft.acknowledge(from, log.commit);
    return;
  }
  const last = log.maybeAppend(index, logTerm, message.entries);
  if (last >= 0) {
    // Not beyond what this append has shown to be the leader's: the rest of the log may be another's.
    log.commitTo(Math.min(message.commit, last));
    raft.acknowledge(from, last);
    return;
  }
  if (raft.trace !== undefined) {
    raft.trace({
      kind: TraceKind.AppendRejected,
      id: raft.id,
      from,
      index,
      logTerm,
      ownTerm: log.termOrZero(index),
    });
  }
  const hint = log.findConflictByTerm(Math.min(index, log.lastIndex), logTerm);
  const hintTerm = log.termOrZero(hint);
  raft.sendAfterAppend(rejection(MessageType.AppResp, from, raft.id, raft.term, index, hint, hintTerm));
}

function receiveHeartbeat(raft: Raft, message: Message): StepResult {
  const { from, commit, context } = message;
  if (commit > raft.log.lastIndex) return 'commit-beyond-log';
  raft.log.commitTo(commit);
  raft.send(scalarMessage(MessageType.HeartbeatResp, from, raft.id, raft.term, 0, 0, 0, context));
  return 'ok';
}

function forwardProposal(raft: Raft, message: Message): StepResult {
  if (raft.leader === 0) {
    refuse(raft, 'no-leader');
    return 'proposal-dropped';
  }
  if (raft.config.disableProposalForwarding) {
    refuse(raft, 'not-leader');
    return 'proposal-dropped';
  }
  const from = message.from === 0 ? raft.id : message.from;
  // Without a term: it is for whoever leads when it arrives.
  raft.send(createMessage({ type: MessageType.Prop, to: raft.leader, from, entries: message.entries }));
  return 'ok';
}

function forwardRead(raft: Raft, message: Message): void {
  if (raft.leader === 0) {
    if (raft.trace !== undefined) raft.trace({ kind: TraceKind.ReadIndexDropped, id: raft.id, term: raft.term });
    return;
  }
  const from = message.from === 0 ? raft.id : message.from;
  raft.send(createMessage({ type: MessageType.ReadIndex, to: raft.leader, from, context: message.context }));
}

function forwardTransfer(raft: Raft, message: Message): void {
  if (raft.leader === 0) {
    if (raft.trace !== undefined) raft.trace({ kind: TraceKind.TransferDropped, id: raft.id, term: raft.term });
    return;
  }
  const { from } = message;
  raft.send(createMessage({ type: MessageType.TransferLeader, to: raft.leader, from, term: raft.term }));
}

function forgetLeader(raft: Raft): void {
  if (raft.config.readOnly === 'lease-based') {
    // The leader counts on this node to refuse votes while its lease lasts.
    if (raft.trace !== undefined) raft.trace({ kind: TraceKind.ForgetLeaderRefused, id: raft.id });
    return;
  }
  if (raft.leader === 0) return;
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.LeaderForgotten, id: raft.id, leader: raft.leader, term: raft.term });
  }
  raft.leader = 0;
}
