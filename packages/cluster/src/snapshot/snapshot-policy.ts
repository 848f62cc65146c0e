import type { Group } from '../group/group.js';

/** When a group takes a snapshot of its own state, and how much of the log it keeps behind it for peers that lag a little. */
export interface SnapshotPolicy {
  /** Applied entries since the newest snapshot. */
  readonly entriesMax: number;
  /** Bytes of commands applied since the newest snapshot. */
  readonly bytesMax: number;
  /** Entries kept in the log, counted from its end. */
  readonly keepEntries: number;
  /** Bytes of commands kept in the log, counted from its end. */
  readonly keepBytes: number;
}

/** Defaults of SnapshotPolicy. */
export const DEFAULT_SNAPSHOT_POLICY: SnapshotPolicy = {
  entriesMax: 20_000,
  bytesMax: 64 * 1024 * 1024,
  keepEntries: 5_000,
  keepBytes: 16 * 1024 * 1024,
};

/** The policy where so many groups share what the node may hold: together they stay below half of it, whatever each might hold alone. */
export function sharedPolicy(policy: SnapshotPolicy, nodeBytesMax: number, groups: number): SnapshotPolicy {
  const share = Math.floor(nodeBytesMax / 2 / Math.max(1, groups));
  if (policy.bytesMax + policy.keepBytes <= share) return policy;
  const keepBytes = Math.min(policy.keepBytes, Math.floor(share / 4));
  return { ...policy, keepBytes, bytesMax: Math.min(policy.bytesMax, share - keepBytes) };
}

/** Whether the group has applied so much since its newest snapshot that it is time for another. */
export function isSnapshotDue(group: Group, policy: SnapshotPolicy): boolean {
  const since = group.appliedIndex - (group.log.snapshotMark?.index ?? 0);
  return since >= policy.entriesMax || group.bytesSinceSnapshot >= policy.bytesMax;
}

/** Up to where the log may be cut once a snapshot at `index` is durable. */
export function cutBehind(group: Group, index: number, policy: SnapshotPolicy): number {
  return Math.min(index, group.log.cutKeeping(policy.keepEntries, policy.keepBytes));
}
