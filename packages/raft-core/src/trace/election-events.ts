import type { MessageType } from '../message/message.js';
import type { Role } from '../raw-node/ready.js';
import type { Traced, TraceKind } from './trace-kind.js';

/** `… became follower | pre-candidate | candidate | leader at term …`. INFO. */
export interface RoleChanged extends Traced<typeof TraceKind.RoleChanged> {
  readonly role: Role;
  readonly term: number;
  /** Who has this node's vote in `term`; 0: nobody. */
  readonly vote: number;
  /** 0: unknown. */
  readonly leader: number;
}

/** `… is starting a new election at term …`. INFO. */
export interface ElectionStarted extends Traced<typeof TraceKind.ElectionStarted> {
  readonly term: number;
}

/**
 * `already-leader`: `… ignoring MsgHup because already leader`, DEBUG. `unpromotable`: `… is unpromotable and can not
 * campaign`, WARN. `pending-conf-change`: `… cannot campaign at term … since there are still pending configuration
 * changes to apply`, WARN.
 */
export interface CampaignIgnored extends Traced<typeof TraceKind.CampaignIgnored> {
  readonly reason: 'already-leader' | 'unpromotable' | 'pending-conf-change';
  readonly term: number;
}

/** `… [logterm: …, index: …] sent MsgVote | MsgPreVote request to … at term …`. INFO. */
export interface VoteRequested extends Traced<typeof TraceKind.VoteRequested> {
  readonly type: MessageType;
  readonly to: number;
  /** This node's term, also for a pre-vote. */
  readonly term: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** `… received MsgVoteResp | MsgPreVoteResp [rejection] from … at term …`. INFO. */
export interface VoteReceived extends Traced<typeof TraceKind.VoteReceived> {
  readonly type: MessageType;
  readonly from: number;
  readonly granted: boolean;
  readonly term: number;
}

/** `… has received … MsgVoteResp | MsgPreVoteResp votes and … vote rejections`. INFO. */
export interface VotesCounted extends Traced<typeof TraceKind.VotesCounted> {
  readonly type: MessageType;
  readonly granted: number;
  readonly rejected: number;
}

/** A request for a vote, as the voter judged it. */
interface VoteJudged<K extends TraceKind> extends Traced<K> {
  /** Vote or PreVote. */
  readonly type: MessageType;
  readonly from: number;
  /** This node's log, its vote before judging (0: none) and its term. */
  readonly lastTerm: number;
  readonly lastIndex: number;
  readonly vote: number;
  readonly term: number;
  readonly candidateTerm: number;
  readonly candidateIndex: number;
}

/** `… cast MsgVote | MsgPreVote for …`. INFO. */
export interface VoteCast extends VoteJudged<typeof TraceKind.VoteCast> {}

/** `… rejected MsgVote | MsgPreVote from …`. INFO. */
export interface VoteRejected extends VoteJudged<typeof TraceKind.VoteRejected> {}

/** `… ignored MsgVote | MsgPreVote from … : lease is not expired (remaining ticks: …)`. INFO. */
export interface VoteIgnoredInLease extends VoteJudged<typeof TraceKind.VoteIgnoredInLease> {
  readonly remainingTicks: number;
}

/** `… [term: …] received a MsgX message with higher term from … [term: …]`. INFO. */
export interface HigherTermReceived extends Traced<typeof TraceKind.HigherTermReceived> {
  readonly type: MessageType;
  readonly from: number;
  readonly term: number;
  readonly messageTerm: number;
}

/** `… [term: …] ignored a MsgX message with lower term from … [term: …]`. INFO. */
export interface LowerTermIgnored extends Traced<typeof TraceKind.LowerTermIgnored> {
  readonly type: MessageType;
  readonly from: number;
  readonly term: number;
  readonly messageTerm: number;
}

/** `… forgetting leader … at term …`. INFO. */
export interface LeaderForgotten extends Traced<typeof TraceKind.LeaderForgotten> {
  readonly leader: number;
  readonly term: number;
}

/** `ignoring MsgForgetLeader due to ReadOnlyLeaseBased`. ERROR. */
export interface ForgetLeaderRefused extends Traced<typeof TraceKind.ForgetLeaderRefused> {}

/** `… stepped down to follower since quorum is not active`. WARN. */
export interface QuorumLost extends Traced<typeof TraceKind.QuorumLost> {
  readonly term: number;
}

/** What happens about roles, votes and terms. */
export type ElectionEvent =
  | RoleChanged
  | ElectionStarted
  | CampaignIgnored
  | VoteRequested
  | VoteReceived
  | VotesCounted
  | VoteCast
  | VoteRejected
  | VoteIgnoredInLease
  | HigherTermReceived
  | LowerTermIgnored
  | LeaderForgotten
  | ForgetLeaderRefused
  | QuorumLost;
