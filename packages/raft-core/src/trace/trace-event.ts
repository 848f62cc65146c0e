import type { ConfChange, ConfChangeV2 } from '../conf-change/conf-change.js';
import type { Configuration } from '../conf-change/configuration.js';
import type { Entry } from '../log/entry.js';
import type { MessageType, Message } from '../message/message.js';
import type { Role } from '../raw-node/ready.js';
import type { ConfChangeRefusal, ProposalRefusal } from '../raw-node/propose-result.js';
import type { ProgressStatus } from '../tracker/progress.js';

/**
 * Kinds of trace event. The numbers are stable. An event of the first group corresponds to exactly one line of
 * etcd/raft's log, in the order in which etcd/raft prints them; those from 100 on have no such line.
 */
export const TraceKind = {
  NodeStarted: 0,
  ConfigurationSwitched: 1,
  RoleChanged: 2,
  ElectionStarted: 3,
  CampaignIgnored: 4,
  VoteRequested: 5,
  VoteReceived: 6,
  VotesCounted: 7,
  VoteCast: 8,
  VoteRejected: 9,
  VoteIgnoredInLease: 10,
  HigherTermReceived: 11,
  LowerTermIgnored: 12,
  LowerTermAppendIgnored: 13,
  LeaderForgotten: 14,
  ForgetLeaderRefused: 15,
  QuorumLost: 16,
  ProposalDropped: 17,
  ConfChangeIgnored: 18,
  AutoLeaveStarted: 19,
  AutoLeaveRefused: 20,
  AppendRejected: 21,
  AppendRejectionReceived: 22,
  ProgressDecreased: 23,
  ProgressMissing: 24,
  SnapshotSent: 25,
  ReplicationPaused: 26,
  SnapshotNotSent: 27,
  SnapshotRecovered: 28,
  SnapshotReported: 29,
  PeerUnreachable: 30,
  LogConflict: 31,
  UnstableReplaced: 32,
  UnstableTruncated: 33,
  StableIgnored: 34,
  SnapshotRestoreStarted: 35,
  LogRestored: 36,
  SnapshotRestored: 37,
  SnapshotIgnored: 38,
  SnapshotFastForwarded: 39,
  SnapshotRefused: 40,
  TransferStarted: 41,
  TransferIgnored: 42,
  TransferAborted: 43,
  TimeoutNowSent: 44,
  TimeoutNowReceived: 45,
  TimeoutNowIgnored: 46,
  TransferDropped: 47,
  ReadIndexDropped: 48,
  MessageSent: 100,
  MessageReceived: 101,
  EntriesAppended: 102,
  CommitAdvanced: 103,
  AppliedAdvanced: 104,
  TransferEnded: 105,
  Quiesced: 106,
  Woken: 107,
  ReadConfirmed: 108,
} as const;
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind];

/** Fields of every event: `id` is the node that it happened on. */
interface Traced<K extends TraceKind> {
  readonly kind: K;
  readonly id: number;
}

/** `newRaft …`. INFO. */
export interface NodeStarted extends Traced<typeof TraceKind.NodeStarted> {
  /** Voters of both halves, ascending. */
  readonly peers: readonly number[];
  readonly term: number;
  /** Who got this node's vote in `term`; 0: nobody. */
  readonly vote: number;
  readonly commit: number;
  readonly applied: number;
  /** First index whose entry can be had. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** `… switched to configuration …`. INFO. */
export interface ConfigurationSwitched extends Traced<typeof TraceKind.ConfigurationSwitched> {
  readonly configuration: Configuration;
}

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

/** `… [term: …] ignored entry appends from a MsgStorageAppendResp message with lower term [term: …]`. INFO. */
export interface LowerTermAppendIgnored extends Traced<typeof TraceKind.LowerTermAppendIgnored> {
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

/**
 * `no-leader`: `… no leader at term …; dropping proposal`, INFO. `not-leader`: `… not forwarding to leader … at term …;
 * dropping proposal`, INFO. `transferring`: `… [term …] transfer leadership to … is in progress; dropping proposal`, DEBUG.
 * `uncommitted-size`: `… appending new entries to log would exceed uncommitted entry size limit; dropping proposal`, WARN.
 * `removed`: no line.
 */
export interface ProposalDropped extends Traced<typeof TraceKind.ProposalDropped> {
  readonly reason: ProposalRefusal;
  readonly term: number;
  readonly leader: number;
  /** 0: no transfer. */
  readonly transferee: number;
}

/**
 * `… ignoring conf change … at config …: …`. INFO. The reasons read `possible unapplied conf change at index
 * {pendingConfIndex} (applied to {applied})`, `must transition out of joint config first`, `not in joint state; refusing
 * empty conf change`; `impossible` is ours alone.
 */
export interface ConfChangeIgnored extends Traced<typeof TraceKind.ConfChangeIgnored> {
  readonly change: ConfChange | ConfChangeV2;
  readonly configuration: Configuration;
  readonly reason: ConfChangeRefusal;
  readonly pendingConfIndex: number;
  readonly applied: number;
}

/** `initiating automatic transition out of joint configuration …`. INFO. */
export interface AutoLeaveStarted extends Traced<typeof TraceKind.AutoLeaveStarted> {
  readonly configuration: Configuration;
}

/** `not initiating automatic transition out of joint configuration …: raft proposal dropped`. DEBUG. */
export interface AutoLeaveRefused extends Traced<typeof TraceKind.AutoLeaveRefused> {
  readonly configuration: Configuration;
}

/** `… [logterm: …, index: …] rejected MsgApp [logterm: …, index: …] from …`. DEBUG. */
export interface AppendRejected extends Traced<typeof TraceKind.AppendRejected> {
  readonly from: number;
  readonly index: number;
  /** Term of the append's previous entry. */
  readonly logTerm: number;
  /** Term of this node's entry at `index`; 0 when it has none. */
  readonly ownTerm: number;
}

/** `… received MsgAppResp(rejected, hint: (index …, term …)) from … for index …`. DEBUG. */
export interface AppendRejectionReceived extends Traced<typeof TraceKind.AppendRejectionReceived> {
  readonly from: number;
  readonly index: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** `… decreased progress of … to […]`. DEBUG. */
export interface ProgressDecreased extends Traced<typeof TraceKind.ProgressDecreased> {
  readonly progress: ProgressStatus;
}

/** `… no progress available for …`. DEBUG. */
export interface ProgressMissing extends Traced<typeof TraceKind.ProgressMissing> {
  readonly from: number;
}

/** `… [firstindex: …, commit: …] sent snapshot[index: …, term: …] to … […]`. DEBUG. */
export interface SnapshotSent extends Traced<typeof TraceKind.SnapshotSent> {
  readonly firstIndex: number;
  readonly commit: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  /** As it was before. */
  readonly progress: ProgressStatus;
}

/** `… paused sending replication messages to … […]`. DEBUG. */
export interface ReplicationPaused extends Traced<typeof TraceKind.ReplicationPaused> {
  readonly progress: ProgressStatus;
}

/**
 * `inactive`: `ignore sending snapshot to … since it is not recently active`. `unavailable`: `… failed to send snapshot
 * to … because snapshot is temporarily unavailable`. Both DEBUG.
 */
export interface SnapshotNotSent extends Traced<typeof TraceKind.SnapshotNotSent> {
  readonly to: number;
  readonly reason: 'inactive' | 'unavailable';
}

/** `… recovered from needing snapshot, resumed sending replication messages to … […]`. DEBUG. */
export interface SnapshotRecovered extends Traced<typeof TraceKind.SnapshotRecovered> {
  readonly progress: ProgressStatus;
}

/** `… snapshot succeeded | failed, resumed sending replication messages to … […]`. DEBUG. */
export interface SnapshotReported extends Traced<typeof TraceKind.SnapshotReported> {
  readonly succeeded: boolean;
  readonly progress: ProgressStatus;
}

/** `… failed to send message to … because it is unreachable […]`. DEBUG. */
export interface PeerUnreachable extends Traced<typeof TraceKind.PeerUnreachable> {
  readonly progress: ProgressStatus;
}

/** `found conflict at index … [existing term: …, conflicting term: …]`. INFO. */
export interface LogConflict extends Traced<typeof TraceKind.LogConflict> {
  readonly index: number;
  readonly existingTerm: number;
  readonly conflictingTerm: number;
}

/** `replace the unstable entries from index …`. INFO. */
export interface UnstableReplaced extends Traced<typeof TraceKind.UnstableReplaced> {
  readonly index: number;
}

/** `truncate the unstable entries before index …`. INFO. */
export interface UnstableTruncated extends Traced<typeof TraceKind.UnstableTruncated> {
  readonly index: number;
}

/**
 * A write was reported durable that is no longer waited for. INFO.
 * `missing`: `entry at index … missing from unstable log; ignoring`. `snapshot`: `entry at index … matched unstable
 * snapshot; ignoring`. `mismatch`: `entry at (index,term)=(…,…) mismatched with entry at (…,…) in unstable log; ignoring`.
 */
export interface StableIgnored extends Traced<typeof TraceKind.StableIgnored> {
  readonly reason: 'missing' | 'snapshot' | 'mismatch';
  readonly index: number;
  /** Term of the entry that was written. */
  readonly term: number;
  /** Term of the entry that is waited for; 0 when there is none. */
  readonly existingTerm: number;
}

/** `log [committed=…, applied=…, applying=…, unstable.offset=…, unstable.offsetInProgress=…, len(unstable.Entries)=…] starts to restore snapshot [index: …, term: …]`. INFO. */
export interface SnapshotRestoreStarted extends Traced<typeof TraceKind.SnapshotRestoreStarted> {
  readonly commit: number;
  readonly applied: number;
  readonly applying: number;
  readonly unstableOffset: number;
  readonly unstableOffsetInProgress: number;
  readonly unstableCount: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …, lastindex: …, lastterm: …] restored snapshot [index: …, term: …]`. INFO. */
export interface LogRestored extends Traced<typeof TraceKind.LogRestored> {
  readonly commit: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …] restored snapshot [index: …, term: …]`. INFO. */
export interface SnapshotRestored extends Traced<typeof TraceKind.SnapshotRestored> {
  readonly commit: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …] ignored snapshot [index: …, term: …]`. INFO. */
export interface SnapshotIgnored extends Traced<typeof TraceKind.SnapshotIgnored> {
  readonly commit: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… [commit: …, lastindex: …, lastterm: …] fast-forwarded commit to snapshot [index: …, term: …]`. INFO. */
export interface SnapshotFastForwarded extends Traced<typeof TraceKind.SnapshotFastForwarded> {
  /** Before it was raised. */
  readonly commit: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
}

/** `… attempted to restore snapshot but it is not in the ConfState …; should never happen`. WARN. */
export interface SnapshotRefused extends Traced<typeof TraceKind.SnapshotRefused> {
  readonly configuration: Configuration;
}

/** `… [term …] starts to transfer leadership to …`. INFO. */
export interface TransferStarted extends Traced<typeof TraceKind.TransferStarted> {
  readonly term: number;
  readonly transferee: number;
}

/**
 * `learner`: `… is learner. Ignored transferring leadership`, DEBUG (the number is this node's). `same`: `… [term …]
 * transfer leadership to … is in progress, ignores request to same node …`, INFO. `self`: `… is already leader. Ignored
 * transferring leadership to self`, DEBUG.
 */
export interface TransferIgnored extends Traced<typeof TraceKind.TransferIgnored> {
  readonly reason: 'learner' | 'same' | 'self';
  readonly term: number;
  readonly transferee: number;
}

/** `… [term …] abort previous transferring leadership to …`. INFO. */
export interface TransferAborted extends Traced<typeof TraceKind.TransferAborted> {
  readonly term: number;
  readonly transferee: number;
}

/** `immediately`: `… sends MsgTimeoutNow to … immediately as … already has up-to-date log`; else `… sent MsgTimeoutNow to … after received MsgAppResp`. INFO. */
export interface TimeoutNowSent extends Traced<typeof TraceKind.TimeoutNowSent> {
  readonly to: number;
  readonly immediately: boolean;
}

/** `… [term …] received MsgTimeoutNow from … and starts an election to get leadership.`. INFO. */
export interface TimeoutNowReceived extends Traced<typeof TraceKind.TimeoutNowReceived> {
  readonly from: number;
  readonly term: number;
}

/** `… [term … state …] ignored MsgTimeoutNow from …`. DEBUG. */
export interface TimeoutNowIgnored extends Traced<typeof TraceKind.TimeoutNowIgnored> {
  readonly from: number;
  readonly term: number;
  readonly role: Role;
}

/** `… no leader at term …; dropping leader transfer msg`. INFO. */
export interface TransferDropped extends Traced<typeof TraceKind.TransferDropped> {
  readonly term: number;
}

/** `… no leader at term …; dropping index reading msg`. INFO. */
export interface ReadIndexDropped extends Traced<typeof TraceKind.ReadIndexDropped> {
  readonly term: number;
}

/** A message was handed to `Ready`. */
export interface MessageSent extends Traced<typeof TraceKind.MessageSent> {
  readonly message: Message;
}

/** A well-formed message was stepped; before any effect. */
export interface MessageReceived extends Traced<typeof TraceKind.MessageReceived> {
  readonly message: Message;
}

/** Entries entered the log: a leader's own, or those of an append, after any truncation. */
export interface EntriesAppended extends Traced<typeof TraceKind.EntriesAppended> {
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Those from `firstIndex` to `lastIndex`; what the log had from `firstIndex` on is gone. */
  readonly entries: readonly Entry[];
}

/** The commit index rose. */
export interface CommitAdvanced extends Traced<typeof TraceKind.CommitAdvanced> {
  readonly commit: number;
}

/** The applied index rose. */
export interface AppliedAdvanced extends Traced<typeof TraceKind.AppliedAdvanced> {
  readonly applied: number;
}

/** A leadership transfer is over without success: it timed out, or its target left the voters. */
export interface TransferEnded extends Traced<typeof TraceKind.TransferEnded> {
  readonly transferee: number;
  readonly reason: 'timeout' | 'removed';
}

/** The node stopped ticking. */
export interface Quiesced extends Traced<typeof TraceKind.Quiesced> {}

/** The node ticks again. */
export interface Woken extends Traced<typeof TraceKind.Woken> {}

/** A read that this node asked for may be served as soon as `index` is applied. */
export interface ReadConfirmed extends Traced<typeof TraceKind.ReadConfirmed> {
  readonly index: number;
  /** The number that was given to `readIndex`. */
  readonly context: number;
}

/** Everything that happens in the core, told as it happens. Numbers and plain objects; printing belongs to others. */
export type TraceEvent =
  | NodeStarted
  | ConfigurationSwitched
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
  | LowerTermAppendIgnored
  | LeaderForgotten
  | ForgetLeaderRefused
  | QuorumLost
  | ProposalDropped
  | ConfChangeIgnored
  | AutoLeaveStarted
  | AutoLeaveRefused
  | AppendRejected
  | AppendRejectionReceived
  | ProgressDecreased
  | ProgressMissing
  | SnapshotSent
  | ReplicationPaused
  | SnapshotNotSent
  | SnapshotRecovered
  | SnapshotReported
  | PeerUnreachable
  | LogConflict
  | UnstableReplaced
  | UnstableTruncated
  | StableIgnored
  | SnapshotRestoreStarted
  | LogRestored
  | SnapshotRestored
  | SnapshotIgnored
  | SnapshotFastForwarded
  | SnapshotRefused
  | TransferStarted
  | TransferIgnored
  | TransferAborted
  | TimeoutNowSent
  | TimeoutNowReceived
  | TimeoutNowIgnored
  | TransferDropped
  | ReadIndexDropped
  | MessageSent
  | MessageReceived
  | EntriesAppended
  | CommitAdvanced
  | AppliedAdvanced
  | TransferEnded
  | Quiesced
  | Woken
  | ReadConfirmed;

/** Where events go. Called synchronously, in the middle of a step: it must not call the node back, nor throw. */
export type TraceSink = (event: TraceEvent) => void;
