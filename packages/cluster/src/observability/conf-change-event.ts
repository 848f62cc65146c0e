import type { AppliedConfChange } from '../group/group-observer.js';
import type { GroupEvent } from './cluster-event.js';

/** The event of a conf change that was applied. */
export function confChangeEvent(change: AppliedConfChange): GroupEvent {
  const { group, before, after, targets } = change;
  const isJoint = after.votersOutgoing.length > 0;
  const wasJoint = before.votersOutgoing.length > 0;
  const type = isJoint ? 'joint' : wasJoint ? 'leave-joint' : 'simple';
  return { name: 'conf_change.applied', group, type, target: targets, peers: after.voters };
}
