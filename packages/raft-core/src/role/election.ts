import { allVoters } from '../conf-change/configuration.js';
import { EntryType, type Entry } from '../log/entry.js';
import { rejection, scalarMessage } from '../message/create.js';
import { MessageType, type Message } from '../message/message.js';
import { Role } from '../raw-node/ready.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { Raft } from './raft.js';
import { becomeCandidate, becomePreCandidate } from './transition.js';

/** Why a node campaigns: to see whether it could win, to win, or because the leader asked it to. */
export type Campaign = 'pre-election' | 'election' | 'transfer';

/** `context` of a Vote that belongs to a leadership transfer: it is granted in spite of a lease. */
export const TRANSFER_CONTEXT = 1;

/** The election clock has run out, or the host says so: campaigns, if this node may. */
export function startElection(raft: Raft, campaignType: Campaign): void {
  if (raft.role === Role.Leader) return ignoreCampaign(raft, 'already-leader');
  if (!raft.promotable) return ignoreCampaign(raft, 'unpromotable');
  // A committed change of membership that is not applied yet may have taken this node's vote away.
  if (raft.log.hasUnapplied(isConfChange)) return ignoreCampaign(raft, 'pending-conf-change');
  if (raft.trace !== undefined) raft.trace({ kind: TraceKind.ElectionStarted, id: raft.id, term: raft.term });
  campaign(raft, campaignType);
}

/** The campaign that an election clock starts. */
export function firstCampaign(raft: Raft): Campaign {
  return raft.config.preVote ? 'pre-election' : 'election';
}

/** Asks all voters, this node included, for their votes. */
export function campaign(raft: Raft, campaignType: Campaign): void {
  const isPreVote = campaignType === 'pre-election';
  if (isPreVote) becomePreCandidate(raft);
  else becomeCandidate(raft);
  // A pre-vote asks about a term that has not begun.
  const term = isPreVote ? raft.term + 1 : raft.term;
  const type = isPreVote ? MessageType.PreVote : MessageType.Vote;
  const context = campaignType === 'transfer' ? TRANSFER_CONTEXT : 0;
  const { lastIndex, lastTerm } = raft.log;
  for (const id of allVoters(raft.tracker.configuration)) {
    if (id === raft.id) {
      // Counted once it is durable, as everybody else's.
      raft.sendAfterAppend(scalarMessage(responseType(type), id, raft.id, term, 0, 0, 0, 0));
      continue;
    }
    if (raft.trace !== undefined) {
      raft.trace({
        kind: TraceKind.VoteRequested,
        id: raft.id,
        type,
        to: id,
        term: raft.term,
        lastIndex,
        lastTerm,
      });
    }
    raft.send(scalarMessage(type, id, raft.id, term, lastTerm, lastIndex, 0, context));
  }
}

/**
 * Judges a request for a vote or a pre-vote (Raft paper, figure 2, RequestVote). Learners vote too: a candidate that asks
 * one knows a newer configuration, in which it is a voter.
 */
export function judgeVote(raft: Raft, message: Message): void {
  const { type, from } = message;
  const isPreVote = type === MessageType.PreVote;
  const canVote =
    raft.vote === from || (raft.vote === 0 && raft.leader === 0) || (isPreVote && message.term > raft.term);
  if (!canVote || !raft.log.isUpToDate(message.index, message.logTerm)) return rejectVote(raft, message);
  traceJudged(raft, TraceKind.VoteCast, message);
  // In the term of the request: a granted pre-vote's lies ahead of ours.
  raft.sendAfterAppend(scalarMessage(responseType(type), from, raft.id, message.term, 0, 0, 0, 0));
  if (isPreVote) return;
  raft.electionElapsed = 0;
  raft.vote = from;
}

/** Refuses a vote or a pre-vote, in this node's term, so that a candidate that lags behind finds out. */
export function rejectVote(raft: Raft, message: Message): void {
  traceJudged(raft, TraceKind.VoteRejected, message);
  raft.sendAfterAppend(rejection(responseType(message.type), message.from, raft.id, raft.term, 0, 0, 0));
}

/**
 * Whether a request for a vote is to be ignored, term and all, because a leader was heard of within an election timeout
 * (thesis, section 4.2.3: servers that were removed must not disturb). Not in a transfer, which the leader wants.
 */
export function isInLease(raft: Raft, message: Message): boolean {
  if (message.type !== MessageType.Vote && message.type !== MessageType.PreVote) return false;
  if (!raft.config.checkQuorum || message.context === TRANSFER_CONTEXT) return false;
  if (raft.leader === 0 || raft.electionElapsed >= raft.config.electionTicks) return false;
  traceJudged(raft, TraceKind.VoteIgnoredInLease, message);
  return true;
}

/** Kind of the answer to Vote or PreVote. */
export function responseType(type: MessageType): MessageType {
  return type === MessageType.PreVote ? MessageType.PreVoteResp : MessageType.VoteResp;
}

function isConfChange(entry: Entry): boolean {
  return entry.type !== EntryType.Normal;
}

function ignoreCampaign(raft: Raft, reason: 'already-leader' | 'unpromotable' | 'pending-conf-change'): void {
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.CampaignIgnored, id: raft.id, reason, term: raft.term });
  }
}

function traceJudged(
  raft: Raft,
  kind: typeof TraceKind.VoteCast | typeof TraceKind.VoteRejected | typeof TraceKind.VoteIgnoredInLease,
  message: Message,
): void {
  if (raft.trace === undefined) return;
  const judged = {
    id: raft.id,
    type: message.type,
    from: message.from,
    lastTerm: raft.log.lastTerm,
    lastIndex: raft.log.lastIndex,
    vote: raft.vote,
    term: raft.term,
    candidateTerm: message.logTerm,
    candidateIndex: message.index,
  };
  if (kind === TraceKind.VoteIgnoredInLease) {
    raft.trace({ ...judged, kind, remainingTicks: raft.config.electionTicks - raft.electionElapsed });
  } else {
    raft.trace({ ...judged, kind });
  }
}
