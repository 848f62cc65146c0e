import { scalarMessage } from '../message/create.js';
import { MessageType } from '../message/message.js';
import { sendAppend } from '../replication/append.js';
import type { Raft } from './raft.js';
import { abortTransfer } from './transition.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { Progress } from '../tracker/progress.js';

/**
 * Hands leadership over (thesis, section 3.10): the target catches up, then is told to campaign at once. Proposals are
 * dropped meanwhile; if it is not over within an election timeout, this node goes on leading.
 */
export function startTransfer(raft: Raft, target: Progress): void {
  const transferee = target.id;
  if (target.learner) return ignore(raft, 'learner', transferee);
  if (raft.transferee === transferee) return ignore(raft, 'same', transferee);
  if (raft.transferee !== 0) {
    const previous = raft.transferee;
    abortTransfer(raft);
    if (raft.trace !== undefined) {
      raft.trace({ kind: TraceKind.TransferAborted, id: raft.id, term: raft.term, transferee: previous });
    }
  }
  if (transferee === raft.id) return ignore(raft, 'self', transferee);
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.TransferStarted, id: raft.id, term: raft.term, transferee });
  }
  raft.electionElapsed = 0;
  raft.transferee = transferee;
  if (target.match === raft.log.lastIndex) {
    sendTimeoutNow(raft, transferee);
    traceTimeoutNow(raft, transferee, true);
  } else {
    sendAppend(raft, target);
  }
}

/** The target of a transfer has acknowledged more: if that is all, its time has come. */
export function continueTransfer(raft: Raft, peer: Progress): void {
  if (peer.id !== raft.transferee || peer.match !== raft.log.lastIndex) return;
  traceTimeoutNow(raft, peer.id, false);
  sendTimeoutNow(raft, peer.id);
}

function sendTimeoutNow(raft: Raft, to: number): void {
  raft.send(scalarMessage(MessageType.TimeoutNow, to, raft.id, raft.term, 0, 0, 0, 0));
}

function traceTimeoutNow(raft: Raft, to: number, immediately: boolean): void {
  if (raft.trace !== undefined) raft.trace({ kind: TraceKind.TimeoutNowSent, id: raft.id, to, immediately });
}

function ignore(raft: Raft, reason: 'learner' | 'same' | 'self', transferee: number): void {
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.TransferIgnored, id: raft.id, reason, term: raft.term, transferee });
  }
}
