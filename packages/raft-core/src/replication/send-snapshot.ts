import { invariant } from '../invariant.js';
import { snapshotMessage } from '../message/create.js';
import type { Raft } from '../role/raft.js';
import { TraceKind } from '../trace/trace-kind.js';
import type { Progress } from '../tracker/progress.js';

/**
 * Sends a peer the newest snapshot (Raft paper, section 7), and nothing more until it is taken or has failed.
 * Not to a peer that is not heard of: snapshots are large.
 *
 * @returns whether a message was sent
 */
export function sendSnapshot(raft: Raft, peer: Progress): boolean {
  if (!peer.recentActive) {
    if (raft.trace !== undefined) {
      raft.trace({ kind: TraceKind.SnapshotNotSent, id: raft.id, to: peer.id, reason: 'inactive' });
    }
    return false;
  }
  const snapshot = raft.log.snapshot();
  if (snapshot === 'unavailable') {
    if (raft.trace !== undefined) {
      raft.trace({ kind: TraceKind.SnapshotNotSent, id: raft.id, to: peer.id, reason: 'unavailable' });
    }
    return false;
  }
  invariant(snapshot.index > 0, () => `entries after ${peer.next - 1} are compacted, but storage has no snapshot`);
  if (raft.trace !== undefined) {
    raft.trace({
      kind: TraceKind.SnapshotSent,
      id: raft.id,
      firstIndex: raft.log.firstIndex,
      commit: raft.log.commit,
      snapshotIndex: snapshot.index,
      snapshotTerm: snapshot.term,
      progress: peer.status(),
    });
  }
  peer.becomeSnapshot(snapshot.index);
  if (raft.trace !== undefined) {
    raft.trace({ kind: TraceKind.ReplicationPaused, id: raft.id, progress: peer.status() });
  }
  raft.send(snapshotMessage(peer.id, raft.id, raft.term, snapshot));
  return true;
}
