import { EntryType, NO_BYTES, type Entry } from '../log/entry.js';
import { payloadSize } from '../log/entry-size.js';
import type { Snapshot } from '../log/snapshot.js';
import { Role } from '../raw-node/ready.js';
import type { Raft } from '../role/raft.js';
import { TraceKind } from '../trace/trace-kind.js';
import { releaseUncommitted } from './own-entries.js';
import { proposeAsLeader } from './proposal.js';

/** Committed entries of `bytes` (`entriesSize`) were applied, in order, from the first that was not. */
export function entriesApplied(raft: Raft, entries: readonly Entry[], bytes: number): void {
  if (entries.length === 0) return;
  appliedTo(raft, (entries[entries.length - 1] as Entry).index, bytes);
  if (raft.config.maxUncommittedSizeBytes !== Infinity) releaseUncommitted(raft, payloadSize(entries));
}

/** A snapshot is durable and restored. */
export function snapshotApplied(raft: Raft, snapshot: Snapshot): void {
  raft.log.unstable.stableSnapshotTo(snapshot.index);
  appliedTo(raft, snapshot.index, 0);
}

function appliedTo(raft: Raft, index: number, bytes: number): void {
  const applied = Math.max(index, raft.log.applied);
  raft.log.appliedTo(applied, bytes);
  const { configuration } = raft.tracker;
  if (configuration.autoLeave && raft.role === Role.Leader && applied >= raft.pendingConfIndex) leaveJoint(raft);
}

/**
 * The joint configuration is in effect, so it can be left (thesis, section 4.3). Where a leadership transfer forbids it,
 * either the next leader leaves it, or this one at the next applied entry.
 */
function leaveJoint(raft: Raft): void {
  const { configuration } = raft.tracker;
  const entry = { term: raft.term, index: raft.log.lastIndex + 1, type: EntryType.ConfChangeV2, data: NO_BYTES };
  const { refusal } = proposeAsLeader(raft, [entry], true);
  if (raft.trace === undefined) return;
  const kind = refusal === undefined ? TraceKind.AutoLeaveStarted : TraceKind.AutoLeaveRefused;
  raft.trace({ kind, id: raft.id, configuration });
}
