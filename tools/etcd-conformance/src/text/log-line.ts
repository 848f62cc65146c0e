import { asConfChangeV2, Role, TraceKind, type TraceEvent } from '@flotilla/raft-core';
import { type LogLevel } from '../interaction/output.js';
import { describeConfChange } from './conf-change.js';
import { describeConfiguration } from './configuration.js';
import { messageTypeName, roleName } from './names.js';
import { hexId } from './node-id.js';
import { describeProgress } from './progress.js';

/** A line of etcd/raft's log. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
}

type ProposalDropped = Extract<TraceEvent, { kind: typeof TraceKind.ProposalDropped }>;
type ConfChangeIgnored = Extract<TraceEvent, { kind: typeof TraceKind.ConfChangeIgnored }>;
type CampaignIgnored = Extract<TraceEvent, { kind: typeof TraceKind.CampaignIgnored }>;
type VoteJudged = Extract<
  TraceEvent,
  { kind: typeof TraceKind.VoteCast | typeof TraceKind.VoteRejected | typeof TraceKind.VoteIgnoredInLease }
>;
type StableIgnored = Extract<TraceEvent, { kind: typeof TraceKind.StableIgnored }>;
type TransferIgnored = Extract<TraceEvent, { kind: typeof TraceKind.TransferIgnored }>;

const debug = (text: string): LogLine => ({ level: 'DEBUG', text });
const info = (text: string): LogLine => ({ level: 'INFO', text });
const warn = (text: string): LogLine => ({ level: 'WARN', text });
const error = (text: string): LogLine => ({ level: 'ERROR', text });

const roleWords: Readonly<Record<Role, string>> = {
  [Role.Follower]: 'follower',
  [Role.PreCandidate]: 'pre-candidate',
  [Role.Candidate]: 'candidate',
  [Role.Leader]: 'leader',
};

/** The line that etcd/raft prints where the core emits `event`; undefined where it prints none. */
export function logLineOf(event: TraceEvent): LogLine | undefined {
  const id = hexId(event.id);
  switch (event.kind) {
    case TraceKind.NodeStarted:
      return info(
        `newRaft ${id} [peers: [${event.peers.map(hexId).join(',')}], term: ${event.term}, commit: ${event.commit}, ` +
          `applied: ${event.applied}, lastindex: ${event.lastIndex}, lastterm: ${event.lastTerm}]`,
      );
    case TraceKind.ConfigurationSwitched:
      return info(`${id} switched to configuration ${describeConfiguration(event.configuration)}`);
    case TraceKind.RoleChanged:
      return info(`${id} became ${roleWords[event.role]} at term ${event.term}`);
    case TraceKind.ElectionStarted:
      return info(`${id} is starting a new election at term ${event.term}`);
    case TraceKind.CampaignIgnored:
      return campaignIgnored(id, event);
    case TraceKind.VoteRequested:
      return info(
        `${id} [logterm: ${event.lastTerm}, index: ${event.lastIndex}] ` +
          `sent ${messageTypeName(event.type)} request to ${hexId(event.to)} at term ${event.term}`,
      );
    case TraceKind.VoteReceived:
      return info(
        `${id} received ${messageTypeName(event.type)}${event.granted ? '' : ' rejection'} ` +
          `from ${hexId(event.from)} at term ${event.term}`,
      );
    case TraceKind.VotesCounted:
      return info(
        `${id} has received ${event.granted} ${messageTypeName(event.type)} votes and ${event.rejected} vote rejections`,
      );
    case TraceKind.VoteCast:
      return voteJudged(id, event, 'cast', 'for');
    case TraceKind.VoteRejected:
      return voteJudged(id, event, 'rejected', 'from');
    case TraceKind.VoteIgnoredInLease:
      return voteJudged(
        id,
        event,
        'ignored',
        'from',
        `: lease is not expired (remaining ticks: ${event.remainingTicks})`,
      );
    case TraceKind.HigherTermReceived:
      return info(
        `${id} [term: ${event.term}] received a ${messageTypeName(event.type)} message with higher term ` +
          `from ${hexId(event.from)} [term: ${event.messageTerm}]`,
      );
    case TraceKind.LowerTermIgnored:
      return info(
        `${id} [term: ${event.term}] ignored a ${messageTypeName(event.type)} message with lower term ` +
          `from ${hexId(event.from)} [term: ${event.messageTerm}]`,
      );
    case TraceKind.LowerTermAppendIgnored:
      return info(
        `${id} [term: ${event.term}] ignored entry appends from a MsgStorageAppendResp message ` +
          `with lower term [term: ${event.messageTerm}]`,
      );
    case TraceKind.LeaderForgotten:
      return info(`${id} forgetting leader ${hexId(event.leader)} at term ${event.term}`);
    case TraceKind.ForgetLeaderRefused:
      return error('ignoring MsgForgetLeader due to ReadOnlyLeaseBased');
    case TraceKind.QuorumLost:
      return warn(`${id} stepped down to follower since quorum is not active`);
    case TraceKind.ProposalDropped:
      return proposalDropped(id, event);
    case TraceKind.ConfChangeIgnored:
      return confChangeIgnored(id, event);
    case TraceKind.AutoLeaveStarted:
      return info(
        `initiating automatic transition out of joint configuration ${describeConfiguration(event.configuration)}`,
      );
    case TraceKind.AutoLeaveRefused:
      return debug(
        'not initiating automatic transition out of joint configuration ' +
          `${describeConfiguration(event.configuration)}: raft proposal dropped`,
      );
    case TraceKind.AppendRejected:
      return debug(
        `${id} [logterm: ${event.ownTerm}, index: ${event.index}] rejected MsgApp ` +
          `[logterm: ${event.logTerm}, index: ${event.index}] from ${hexId(event.from)}`,
      );
    case TraceKind.AppendRejectionReceived:
      return debug(
        `${id} received MsgAppResp(rejected, hint: (index ${event.hintIndex}, term ${event.hintTerm})) ` +
          `from ${hexId(event.from)} for index ${event.index}`,
      );
    case TraceKind.ProgressDecreased:
      return debug(`${id} decreased progress of ${hexId(event.progress.id)} to [${describeProgress(event.progress)}]`);
    case TraceKind.ProgressMissing:
      return debug(`${id} no progress available for ${hexId(event.from)}`);
    case TraceKind.SnapshotSent:
      return debug(
        `${id} [firstindex: ${event.firstIndex}, commit: ${event.commit}] ` +
          `sent snapshot[index: ${event.snapshotIndex}, term: ${event.snapshotTerm}] ` +
          `to ${hexId(event.progress.id)} [${describeProgress(event.progress)}]`,
      );
    case TraceKind.ReplicationPaused:
      return debug(
        `${id} paused sending replication messages to ${hexId(event.progress.id)} [${describeProgress(event.progress)}]`,
      );
    case TraceKind.SnapshotNotSent:
      return event.reason === 'inactive'
        ? debug(`ignore sending snapshot to ${hexId(event.to)} since it is not recently active`)
        : debug(`${id} failed to send snapshot to ${hexId(event.to)} because snapshot is temporarily unavailable`);
    case TraceKind.SnapshotRecovered:
      return debug(
        `${id} recovered from needing snapshot, resumed sending replication messages ` +
          `to ${hexId(event.progress.id)} [${describeProgress(event.progress)}]`,
      );
    case TraceKind.SnapshotReported:
      return debug(
        `${id} snapshot ${event.succeeded ? 'succeeded' : 'failed'}, resumed sending replication messages ` +
          `to ${hexId(event.progress.id)} [${describeProgress(event.progress)}]`,
      );
    case TraceKind.PeerUnreachable:
      return debug(
        `${id} failed to send message to ${hexId(event.progress.id)} because it is unreachable ` +
          `[${describeProgress(event.progress)}]`,
      );
    case TraceKind.LogConflict:
      return info(
        `found conflict at index ${event.index} ` +
          `[existing term: ${event.existingTerm}, conflicting term: ${event.conflictingTerm}]`,
      );
    case TraceKind.UnstableReplaced:
      return info(`replace the unstable entries from index ${event.index}`);
    case TraceKind.UnstableTruncated:
      return info(`truncate the unstable entries before index ${event.index}`);
    case TraceKind.StableIgnored:
      return stableIgnored(event);
    case TraceKind.SnapshotRestoreStarted:
      return info(
        `log [committed=${event.commit}, applied=${event.applied}, applying=${event.applying}, ` +
          `unstable.offset=${event.unstableOffset}, unstable.offsetInProgress=${event.unstableOffsetInProgress}, ` +
          `len(unstable.Entries)=${event.unstableCount}] ` +
          `starts to restore snapshot [index: ${event.snapshotIndex}, term: ${event.snapshotTerm}]`,
      );
    case TraceKind.LogRestored:
      return info(
        `${id} [commit: ${event.commit}, lastindex: ${event.lastIndex}, lastterm: ${event.lastTerm}] ` +
          `restored snapshot [index: ${event.snapshotIndex}, term: ${event.snapshotTerm}]`,
      );
    case TraceKind.SnapshotRestored:
      return info(
        `${id} [commit: ${event.commit}] ` +
          `restored snapshot [index: ${event.snapshotIndex}, term: ${event.snapshotTerm}]`,
      );
    case TraceKind.SnapshotIgnored:
      return info(
        `${id} [commit: ${event.commit}] ` +
          `ignored snapshot [index: ${event.snapshotIndex}, term: ${event.snapshotTerm}]`,
      );
    case TraceKind.SnapshotFastForwarded:
      return info(
        `${id} [commit: ${event.commit}, lastindex: ${event.lastIndex}, lastterm: ${event.lastTerm}] ` +
          `fast-forwarded commit to snapshot [index: ${event.snapshotIndex}, term: ${event.snapshotTerm}]`,
      );
    case TraceKind.SnapshotRefused:
      return warn(
        `${id} attempted to restore snapshot but it is not in the ConfState ` +
          `${protobufConfState(event.configuration)}; should never happen`,
      );
    case TraceKind.TransferStarted:
      return info(`${id} [term ${event.term}] starts to transfer leadership to ${hexId(event.transferee)}`);
    case TraceKind.TransferIgnored:
      return transferIgnored(id, event);
    case TraceKind.TransferAborted:
      return info(`${id} [term ${event.term}] abort previous transferring leadership to ${hexId(event.transferee)}`);
    case TraceKind.TimeoutNowSent:
      return event.immediately
        ? info(
            `${id} sends MsgTimeoutNow to ${hexId(event.to)} immediately as ${hexId(event.to)} already has up-to-date log`,
          )
        : info(`${id} sent MsgTimeoutNow to ${hexId(event.to)} after received MsgAppResp`);
    case TraceKind.TimeoutNowReceived:
      return info(
        `${id} [term ${event.term}] received MsgTimeoutNow from ${hexId(event.from)} ` +
          'and starts an election to get leadership.',
      );
    case TraceKind.TimeoutNowIgnored:
      return debug(
        `${id} [term ${event.term} state ${roleName(event.role)}] ignored MsgTimeoutNow from ${hexId(event.from)}`,
      );
    case TraceKind.TransferDropped:
      return info(`${id} no leader at term ${event.term}; dropping leader transfer msg`);
    case TraceKind.ReadIndexDropped:
      return info(`${id} no leader at term ${event.term}; dropping index reading msg`);
    case TraceKind.MessageSent:
    case TraceKind.MessageReceived:
    case TraceKind.EntriesAppended:
    case TraceKind.CommitAdvanced:
    case TraceKind.AppliedAdvanced:
    case TraceKind.TransferEnded:
    case TraceKind.Quiesced:
    case TraceKind.Woken:
    case TraceKind.ReadConfirmed:
      return undefined;
  }
}

function campaignIgnored(id: string, { reason, term }: CampaignIgnored): LogLine {
  switch (reason) {
    case 'already-leader':
      return debug(`${id} ignoring MsgHup because already leader`);
    case 'unpromotable':
      return warn(`${id} is unpromotable and can not campaign`);
    case 'pending-conf-change':
      return warn(`${id} cannot campaign at term ${term} since there are still pending configuration changes to apply`);
  }
}

function voteJudged(id: string, event: VoteJudged, verb: string, preposition: string, suffix: string = ''): LogLine {
  return info(
    `${id} [logterm: ${event.lastTerm}, index: ${event.lastIndex}, vote: ${hexId(event.vote)}] ` +
      `${verb} ${messageTypeName(event.type)} ${preposition} ${hexId(event.from)} ` +
      `[logterm: ${event.candidateTerm}, index: ${event.candidateIndex}] at term ${event.term}${suffix}`,
  );
}

function proposalDropped(id: string, { reason, term, leader, transferee }: ProposalDropped): LogLine | undefined {
  switch (reason) {
    case 'no-leader':
      return info(`${id} no leader at term ${term}; dropping proposal`);
    case 'not-leader':
      return info(`${id} not forwarding to leader ${hexId(leader)} at term ${term}; dropping proposal`);
    case 'transferring':
      return debug(
        `${id} [term ${term}] transfer leadership to ${hexId(transferee)} is in progress; dropping proposal`,
      );
    case 'uncommitted-size':
      return warn(`${id} appending new entries to log would exceed uncommitted entry size limit; dropping proposal`);
    case 'removed':
    case 'forwarded':
      return undefined;
  }
}

function confChangeIgnored(id: string, event: ConfChangeIgnored): LogLine | undefined {
  const reason = refusalText(event);
  if (reason === undefined) return undefined;
  const change = describeConfChange(asConfChangeV2(event.change));
  return info(
    `${id} ignoring conf change ${change} at config ${describeConfiguration(event.configuration)}: ${reason}`,
  );
}

function refusalText({ reason, pendingConfIndex, applied }: ConfChangeIgnored): string | undefined {
  switch (reason) {
    case 'pending':
      return `possible unapplied conf change at index ${pendingConfIndex} (applied to ${applied})`;
    case 'joint':
      return 'must transition out of joint config first';
    case 'not-joint':
      return 'not in joint state; refusing empty conf change';
    case 'impossible':
      // etcd/raft has no such check: it takes the change, and panics where it is applied.
      return undefined;
  }
}

function stableIgnored({ reason, index, term, existingTerm }: StableIgnored): LogLine {
  switch (reason) {
    case 'missing':
      return info(`entry at index ${index} missing from unstable log; ignoring`);
    case 'snapshot':
      return info(`entry at index ${index} matched unstable snapshot; ignoring`);
    case 'mismatch':
      return info(
        `entry at (index,term)=(${index},${term}) mismatched with ` +
          `entry at (${index},${existingTerm}) in unstable log; ignoring`,
      );
  }
}

/** The text form of protobuf, in which etcd/raft prints a ConfState here and nowhere else. */
function protobufConfState(configuration: Parameters<typeof describeConfiguration>[0]): string {
  const { voters, learners, votersOutgoing, learnersNext, autoLeave } = configuration;
  return [
    ...voters.map((voter) => `voters:${voter}`),
    ...learners.map((learner) => `learners:${learner}`),
    ...votersOutgoing.map((voter) => `voters_outgoing:${voter}`),
    ...learnersNext.map((learner) => `learners_next:${learner}`),
    `auto_leave:${autoLeave}`,
  ].join(' ');
}

function transferIgnored(id: string, { reason, term, transferee }: TransferIgnored): LogLine {
  switch (reason) {
    case 'learner':
      return debug(`${id} is learner. Ignored transferring leadership`);
    case 'same':
      return info(
        `${id} [term ${term}] transfer leadership to ${hexId(transferee)} is in progress, ` +
          `ignores request to same node ${hexId(transferee)}`,
      );
    case 'self':
      return debug(`${id} is already leader. Ignored transferring leadership to self`);
  }
}
