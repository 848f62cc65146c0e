import { MessageType, type Message } from '../message/message.js';
import { Role } from '../raw-node/ready.js';
import type { StepResult } from '../raw-node/step-result.js';
import { broadcastAppend } from '../replication/append.js';
import { refuse } from '../replication/proposal.js';
import { TraceKind } from '../trace/trace-kind.js';
import { campaign } from './election.js';
import { receiveFromLeader } from './follower.js';
import type { Raft } from './raft.js';
import { becomeFollower, becomeLeader } from './transition.js';

/** A message for a candidate or pre-candidate, of its term (a granted pre-vote: of the next). */
export function stepCandidate(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case MessageType.Prop:
      refuse(raft, 'no-leader');
      return 'proposal-dropped';
    case MessageType.App:
    case MessageType.Heartbeat:
    case MessageType.Snap:
      // Somebody else won this term.
      becomeFollower(raft, message.term, message.from);
      return receiveFromLeader(raft, message);
    case MessageType.VoteResp:
      if (raft.role === Role.Candidate) countVote(raft, message);
      return 'ok';
    case MessageType.PreVoteResp:
      if (raft.role === Role.PreCandidate) countVote(raft, message);
      return 'ok';
    case MessageType.TimeoutNow:
      if (raft.trace !== undefined) {
        raft.trace({
          kind: TraceKind.TimeoutNowIgnored,
          id: raft.id,
          from: message.from,
          term: raft.term,
          role: raft.role,
        });
      }
      return 'ok';
    default:
      return 'ok';
  }
}

function countVote(raft: Raft, message: Message): void {
  const { type, from } = message;
  if (raft.trace !== undefined) {
    raft.trace({
      kind: TraceKind.VoteReceived,
      id: raft.id,
      type,
      from,
      granted: !message.reject,
      term: raft.term,
    });
  }
  raft.tracker.recordVote(from, !message.reject);
  const { granted, rejected, result } = raft.tracker.tally();
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.VotesCounted, id: raft.id, type, granted, rejected });
  }
  if (result === 'won') {
    if (raft.role === Role.PreCandidate) {
      campaign(raft, 'election');
    } else {
      becomeLeader(raft);
      broadcastAppend(raft);
    }
  } else if (result === 'lost') {
    // In this node's term: a granted pre-vote carries one that has not begun.
    becomeFollower(raft, raft.term, 0);
  }
}
