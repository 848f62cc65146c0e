import { NO_ENTRIES, appendMessage } from '../message/create.js';
import { payloadSize } from '../log/entry-size.js';
import type { Raft } from '../role/raft.js';
import { ProgressState, type Progress } from '../tracker/progress.js';
import { sendSnapshot } from './send-snapshot.js';

/** Sends to every peer what it lacks, and at least the commit index. */
export function broadcastAppend(raft: Raft): void {
  const peers = raft.tracker.progress;
  for (let i = 0; i < peers.length; i++) {
    const peer = peers[i] as Progress;
    if (peer.id !== raft.id) sendAppend(raft, peer);
  }
}

/** Sends a peer what it lacks, and at least the commit index, unless it is paused. */
export function sendAppend(raft: Raft, peer: Progress): void {
  maybeSendAppend(raft, peer, true);
}

/** Sends a peer what it lacks, message after message, until nothing is left or its window is full. */
export function sendAllPending(raft: Raft, peer: Progress): void {
  while (maybeSendAppend(raft, peer, false));
}

/**
 * Sends one append, or a snapshot where the entries are compacted away.
 *
 * @param sendIfEmpty whether a message without entries is worth sending: it carries the commit index
 * @returns whether a message was sent
 */
export function maybeSendAppend(raft: Raft, peer: Progress, sendIfEmpty: boolean): boolean {
  if (peer.paused) return false;
  const { log } = raft;
  const previous = peer.next - 1;
  const previousTerm = log.term(previous);
  if (previousTerm < 0) return sendSnapshot(raft, peer);
  // A full window still lets an empty append through: if all in it was lost, nothing else would ever find out.
  const isFull = peer.state === ProgressState.Replicate && peer.inflights.full;
  const entries = isFull ? NO_ENTRIES : log.entriesFrom(peer.next, raft.config.maxSizePerMessageBytes);
  if (!sendIfEmpty && (entries === undefined || entries.length === 0)) return false;
  if (entries === undefined) return sendSnapshot(raft, peer);
  raft.send(appendMessage(peer.id, raft.id, raft.term, previousTerm, previous, entries, log.commit));
  peer.sentEntries(entries.length, peer.inflights.limitsBytes ? payloadSize(entries) : 0);
  peer.sentCommit = log.commit;
  return true;
}

/**
 * Commits what a quorum has, if it is of this term (Raft paper, section 5.4.2: never by counting replicas of old terms).
 *
 * @returns whether the commit index rose
 */
export function maybeCommit(raft: Raft): boolean {
  const index = raft.tracker.committedIndex();
  if (index <= raft.log.commit || !raft.log.matches(index, raft.term)) return false;
  raft.log.commitTo(index);
  return true;
}
