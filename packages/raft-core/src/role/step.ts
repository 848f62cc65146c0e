import { entriesSize } from '../log/entry-size.js';
import { MessageType, type Message } from '../message/message.js';
import { Role } from '../raw-node/ready.js';
import type { StepResult } from '../raw-node/step-result.js';
import { entriesApplied } from '../replication/applied.js';
import { writeStored } from '../replication/stored.js';
import { TraceKind } from '../trace/trace-kind.js';
import { stepCandidate } from './candidate.js';
import { firstCampaign, isInLease, judgeVote, rejectVote, startElection } from './election.js';
import { stepFollower } from './follower.js';
import { stepLeader } from './leader.js';
import type { Raft } from './raft.js';
import { becomeFollower } from './transition.js';

/** Takes a message: first its term (Raft paper, figure 2, Rules for Servers, All Servers), then what it says. */
export function step(raft: Raft, message: Message): StepResult {
  if (raft.trace !== undefined) raft.trace({ kind: TraceKind.MessageReceived, id: raft.id, message });
  if (message.type === MessageType.StorageAppendResp) {
    writeStored(raft, message.term, message.index, message.logTerm, message.snapshot);
    return 'ok';
  }
  // Without a term: of this node itself, or forwarded to whoever leads.
  if (message.term !== 0 && message.term !== raft.term) {
    if (message.term < raft.term) {
      receiveLowerTerm(raft, message);
      return 'ok';
    }
    if (isInLease(raft, message)) return 'ok';
    receiveHigherTerm(raft, message);
  }
  switch (message.type) {
    case MessageType.Hup:
      startElection(raft, firstCampaign(raft));
      return 'ok';
    case MessageType.Vote:
    case MessageType.PreVote:
      judgeVote(raft, message);
      return 'ok';
    case MessageType.StorageApplyResp:
      entriesApplied(raft, message.entries, entriesSize(message.entries));
      return 'ok';
    default:
      return stepRole(raft, message);
  }
}

function stepRole(raft: Raft, message: Message): StepResult {
  switch (raft.role) {
    case Role.Leader:
      return stepLeader(raft, message);
    case Role.Follower:
      return stepFollower(raft, message);
    default:
      return stepCandidate(raft, message);
  }
}

function receiveHigherTerm(raft: Raft, message: Message): void {
  const { type, from, term } = message;
  // A pre-vote never moves a term; and a granted one is answered in the term that it asked about.
  if (type === MessageType.PreVote || (type === MessageType.PreVoteResp && !message.reject)) return;
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.HigherTermReceived, id: raft.id, type, from, term: raft.term, messageTerm: term });
  }
  const isLeader = type === MessageType.App || type === MessageType.Heartbeat || type === MessageType.Snap;
  becomeFollower(raft, term, isLeader ? from : 0);
}

function receiveLowerTerm(raft: Raft, message: Message): void {
  const { type, from, term } = message;
  const { checkQuorum, preVote } = raft.config;
  if ((checkQuorum || preVote) && (type === MessageType.Heartbeat || type === MessageType.App)) {
    // This node's term ran ahead while it was cut off, and its votes are ignored in the others' lease: only an answer in
    // its own term unseats the leader, so that a new one can be elected that it follows.
    raft.acknowledge(from, 0);
  } else if (type === MessageType.PreVote) {
    // A pre-candidate that lags behind must learn the term, or it might ask for ever.
    rejectVote(raft, message);
  } else if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.LowerTermIgnored, id: raft.id, type, from, term: raft.term, messageTerm: term });
  }
}
