import { isJoint } from '../conf-change/configuration.js';
import { Role } from '../raw-node/ready.js';
import type { Progress } from '../tracker/progress.js';
import type { Raft } from './raft.js';

/**
 * Whether nothing that this node knows of needs its clock: its log is committed and applied, its leader known, no change of
 * membership under way; on a leader also every member has the whole log, and no read or transfer waits.
 */
export function canQuiesce(raft: Raft): boolean {
  const { log, tracker } = raft;
  const { lastIndex } = log;
  if (raft.config.readOnly === 'lease-based' || raft.leader === 0) return false;
  if (log.commit !== lastIndex || log.applied !== lastIndex || log.unstable.snapshot !== undefined) return false;
  if (isJoint(tracker.configuration)) return false;
  if (raft.role !== Role.Leader) return raft.role === Role.Follower;
  if (raft.transferee !== 0 || raft.reads.length > 0 || raft.postponedReads.length > 0) return false;
  // A learner may be away for as long as it likes: who watches hosts decides about those that are there.
  return tracker.progress.every((progress: Progress) => progress.learner || progress.match === lastIndex);
}
