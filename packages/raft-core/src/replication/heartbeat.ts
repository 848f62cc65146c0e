import { scalarMessage } from '../message/create.js';
import { MessageType } from '../message/message.js';
import type { Raft } from '../role/raft.js';

/**
 * Tells every peer that this node leads, what the peer may commit of what it is known to have, and how far the queue of
 * reads goes that waits for confirmation.
 */
export function broadcastHeartbeat(raft: Raft): void {
  const position = raft.reads.position;
  for (const peer of raft.tracker.progress) {
    if (peer.id === raft.id) continue;
    // Beyond what it is known to have, its log may differ from this one.
    const commit = Math.min(peer.match, raft.log.commit);
    raft.send(scalarMessage(MessageType.Heartbeat, peer.id, raft.id, raft.term, 0, 0, commit, position));
    peer.sentCommit = commit;
  }
}
