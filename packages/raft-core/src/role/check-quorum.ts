import { TraceKind } from '../trace/trace-kind.js';
import type { Raft } from './raft.js';
import { becomeFollower } from './transition.js';

/**
 * A leader that has not heard of a quorum for an election timeout steps down (thesis, section 6.2), so that its clients
 * look elsewhere. Then all marks but its own are cleared, for the next round.
 */
export function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) {
    if (raft.trace !== undefined) raft.trace({ kind: TraceKind.QuorumLost, id: raft.id, term: raft.term });
    becomeFollower(raft, raft.term, 0);
  }
  for (const progress of raft.tracker.progress) {
    if (progress.id !== raft.id) progress.recentActive = false;
  }
}
