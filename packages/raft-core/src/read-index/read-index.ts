import { createMessage } from '../message/create.js';
import { MessageType, type Message } from '../message/message.js';
import { broadcastHeartbeat } from '../replication/heartbeat.js';
import type { Raft } from '../role/raft.js';

/**
 * A leader is asked for a read index (thesis, section 6.4), by its own host or by a follower. Until the first commit of
 * its term, what earlier leaders committed is not known here; not even to a single voter, whose stored commit index may lag.
 */
export function readAsLeader(raft: Raft, request: Message): void {
  if (raft.committedInTerm) startRead(raft, request);
  else raft.postponedReads.push(request);
}

/** The term has its first commit: the reads that waited for it begin. */
export function releasePostponedReads(raft: Raft): void {
  const { postponedReads } = raft;
  if (postponedReads.length === 0 || !raft.committedInTerm) return;
  raft.postponedReads = [];
  for (const request of postponedReads) startRead(raft, request);
}

/** A quorum may have confirmed reads: they are answered. */
export function answerConfirmedReads(raft: Raft): void {
  for (const { request, index } of raft.reads.confirmTo(raft.tracker.confirmedReads())) {
    answerRead(raft, request, index);
  }
}

function startRead(raft: Raft, request: Message): void {
  // Alone only if the one voter is this node: a leader that was removed must ask the one that is left.
  const isAlone = raft.tracker.isSingleton && raft.tracker.configuration.voters[0] === raft.id;
  if (isAlone || raft.config.readOnly === 'lease-based') {
    answerRead(raft, request, raft.log.commit);
    return;
  }
  const position = raft.reads.add(request, raft.log.commit);
  const own = raft.tracker.find(raft.id);
  if (own !== undefined) own.readAck = position;
  broadcastHeartbeat(raft);
  // A joint configuration of one and the same voter has nobody else to confirm it.
  answerConfirmedReads(raft);
}

function answerRead(raft: Raft, request: Message, index: number): void {
  const { from, context } = request;
  if (from === 0 || from === raft.id) {
    raft.confirmRead(index, context);
  } else {
    const type = MessageType.ReadIndexResp;
    raft.send(createMessage({ type, to: from, from: raft.id, term: raft.term, index, context }));
  }
}
