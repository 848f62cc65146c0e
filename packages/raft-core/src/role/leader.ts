import { ownEntries } from '../replication/forwarded.js';
import { MessageType, type Message } from '../message/message.js';
import type { StepResult } from '../raw-node/step-result.js';
import { answerConfirmedReads, readAsLeader, releasePostponedReads } from '../read-index/read-index.js';
import { broadcastAppend, maybeCommit, sendAllPending, sendAppend } from '../replication/append.js';
import { broadcastHeartbeat } from '../replication/heartbeat.js';
import { proposeAsLeader } from '../replication/proposal.js';
import { TraceKind } from '../trace/trace-kind.js';
import { ProgressState, type Progress } from '../tracker/progress.js';
import { checkQuorum } from './check-quorum.js';
import { continueTransfer, startTransfer } from './leadership-transfer.js';
import type { Raft } from './raft.js';

/** A message for a leader, of its term or without one. */
export function stepLeader(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case MessageType.Prop: {
      const { entries, hasConfChange } = ownEntries(raft, message.entries);
      return proposeAsLeader(raft, entries, hasConfChange).refusal === undefined ? 'ok' : 'proposal-dropped';
    }
    case MessageType.ReadIndex:
      readAsLeader(raft, message);
      return 'ok';
    case MessageType.Beat:
      broadcastHeartbeat(raft);
      return 'ok';
    case MessageType.CheckQuorum:
      checkQuorum(raft);
      return 'ok';
    case MessageType.ForgetLeader:
      return 'ok';
    default:
      return stepForPeer(raft, message);
  }
}

function stepForPeer(raft: Raft, message: Message): StepResult {
  const peer = raft.tracker.find(message.from);
  if (peer === undefined) {
    if (raft.trace !== undefined) {
      raft.trace({ kind: TraceKind.ProgressMissing, id: raft.id, from: message.from });
    }
    return 'ok';
  }
  switch (message.type) {
    case MessageType.AppResp:
      return receiveAppendResponse(raft, peer, message);
    case MessageType.HeartbeatResp:
      return receiveHeartbeatResponse(raft, peer, message.context);
    case MessageType.SnapStatus:
      snapshotReported(raft, peer, !message.reject);
      return 'ok';
    case MessageType.Unreachable:
      peerUnreachable(raft, peer);
      return 'ok';
    case MessageType.TransferLeader:
      startTransfer(raft, peer);
      return 'ok';
    default:
      return 'ok';
  }
}

function receiveAppendResponse(raft: Raft, peer: Progress, message: Message): StepResult {
  if (!message.reject && message.index > raft.log.lastIndex) return 'beyond-log';
  peer.recentActive = true;
  if (message.reject) {
    appendRejected(raft, peer, message);
  } else {
    appendAcknowledged(raft, peer, message.index);
  }
  return 'ok';
}

/** The logs differ before the append: probe further back, skipping all terms that cannot match (Raft paper, section 5.3). */
function appendRejected(raft: Raft, peer: Progress, message: Message): void {
  const { index, rejectHint, logTerm } = message;
  if (raft.trace !== undefined) {
    raft.trace({
      kind: TraceKind.AppendRejectionReceived,
      id: raft.id,
      from: peer.id,
      index,
      hintIndex: rejectHint,
      hintTerm: logTerm,
    });
  }
  // The follower has no entry of a term above `logTerm` at or before the hint; nor may this log, where they meet.
  const hint =
    logTerm > 0 ? raft.log.findConflictByTerm(Math.min(rejectHint, raft.log.lastIndex), logTerm) : rejectHint;
  if (!peer.retreat(index, hint)) return;
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.ProgressDecreased, id: raft.id, progress: peer.status() });
  }
  if (peer.state === ProgressState.Replicate) peer.becomeProbe();
  sendAppend(raft, peer);
}

function appendAcknowledged(raft: Raft, peer: Progress, index: number): void {
  // A probing peer that acknowledges what was known already is found nevertheless.
  const isFound = peer.state === ProgressState.Probe && peer.match === index;
  if (!peer.acknowledge(index) && !isFound) return;
  advanceState(raft, peer, index);
  const isSelf = peer.id === raft.id;
  if (maybeCommit(raft)) {
    releasePostponedReads(raft);
    broadcastAppend(raft);
  } else if (!isSelf && peer.canRaiseCommit(raft.log.commit)) {
    sendAppend(raft, peer);
  }
  if (isSelf) return;
  sendAllPending(raft, peer);
  continueTransfer(raft, peer);
}

function advanceState(raft: Raft, peer: Progress, index: number): void {
  switch (peer.state) {
    case ProgressState.Probe:
      peer.becomeReplicate();
      break;
    case ProgressState.Snapshot:
      // Wherever it got its snapshot from: the log can take over from there.
      if (peer.match + 1 < raft.log.firstIndex) break;
      if (raft.trace !== undefined) {
        raft.trace({ kind: TraceKind.SnapshotRecovered, id: raft.id, progress: peer.status() });
      }
      peer.becomeProbe();
      peer.becomeReplicate();
      break;
    default:
      peer.inflights.freeUpTo(index);
  }
}

function receiveHeartbeatResponse(raft: Raft, peer: Progress, context: number): StepResult {
  if (context > raft.reads.lastPosition) return 'beyond-log';
  peer.recentActive = true;
  peer.flowPaused = false;
  // Also to a peer that has everything but is probed: its answer lets it be replicated to again.
  if (peer.match < raft.log.lastIndex || peer.state === ProgressState.Probe) sendAppend(raft, peer);
  if (context > 0 && raft.config.readOnly === 'safe') {
    if (peer.readAck < context) peer.readAck = context;
    answerConfirmedReads(raft);
  }
  return 'ok';
}

/** The host says how sending a snapshot ended. Either way the next append waits: for an answer, or for a heartbeat's. */
function snapshotReported(raft: Raft, peer: Progress, succeeded: boolean): void {
  if (peer.state !== ProgressState.Snapshot) return;
  // After a failure nothing is known of what it has.
  if (!succeeded) peer.pendingSnapshot = 0;
  peer.becomeProbe();
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.SnapshotReported, id: raft.id, succeeded, progress: peer.status() });
  }
  peer.flowPaused = true;
}

/** Appends on their way are probably lost: go back to probing. */
function peerUnreachable(raft: Raft, peer: Progress): void {
  if (peer.state === ProgressState.Replicate) peer.becomeProbe();
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.PeerUnreachable, id: raft.id, progress: peer.status() });
  }
}
