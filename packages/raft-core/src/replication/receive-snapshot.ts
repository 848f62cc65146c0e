import { restoreConfState } from '../conf-change/switch.js';
import type { ConfState, Snapshot } from '../log/snapshot.js';
import type { Message } from '../message/message.js';
import { Role } from '../raw-node/ready.js';
import { invariant } from '../invariant.js';
import type { Raft } from '../role/raft.js';
import { TraceKind } from '../trace/trace-kind.js';

/** The leader has compacted away what this node needs (Raft paper, section 7). Answered by what is committed here then. */
export function receiveSnapshot(raft: Raft, message: Message): void {
  const { snapshot } = message;
  invariant(snapshot !== undefined, () => 'snapshot message without snapshot passed validation');
  const restored = restore(raft, snapshot);
  if (raft.trace !== undefined) {
    raft.trace({
      kind: restored ? TraceKind.SnapshotRestored : TraceKind.SnapshotIgnored,
      id: raft.id,
      commit: raft.log.commit,
      snapshotIndex: snapshot.index,
      snapshotTerm: snapshot.term,
    });
  }
  raft.acknowledge(message.from, restored ? raft.log.lastIndex : raft.log.commit);
}

function restore(raft: Raft, snapshot: Snapshot): boolean {
  const { log } = raft;
  if (snapshot.index <= log.commit) return false;
  invariant(raft.role === Role.Follower, () => `snapshot for ${raft.id} in role ${raft.role}`);
  if (!isMember(snapshot.confState, raft.id)) {
    if (raft.trace !== undefined) {
      raft.trace({ kind: TraceKind.SnapshotRefused, id: raft.id, configuration: snapshot.confState });
    }
    return false;
  }
  if (log.matches(snapshot.index, snapshot.term)) {
    // All of it is here already; what is new is that it is committed.
    traceRestore(raft, TraceKind.SnapshotFastForwarded, snapshot);
    log.commitTo(snapshot.index);
    return false;
  }
  log.restore(snapshot);
  restoreConfState(raft, snapshot.confState);
  raft.restoredIndex = snapshot.index;
  traceRestore(raft, TraceKind.LogRestored, snapshot);
  return true;
}

/** `learnersNext` is within `votersOutgoing`. */
function isMember(confState: ConfState, id: number): boolean {
  return confState.voters.includes(id) || confState.learners.includes(id) || confState.votersOutgoing.includes(id);
}

function traceRestore(
  raft: Raft,
  kind: typeof TraceKind.SnapshotFastForwarded | typeof TraceKind.LogRestored,
  snapshot: Snapshot,
): void {
  if (raft.trace === undefined) return;
  raft.trace({
    kind,
    id: raft.id,
    commit: raft.log.commit,
    lastIndex: raft.log.lastIndex,
    lastTerm: raft.log.lastTerm,
    snapshotIndex: snapshot.index,
    snapshotTerm: snapshot.term,
  });
}
