import type { ConfState } from '../log/snapshot.js';

/**
 * The membership in effect. All lists ascend and hold no id twice.
 *
 * Invariants: learners are in neither half of the voters; `learnersNext` is within `votersOutgoing`;
 * outside a joint configuration `votersOutgoing` and `learnersNext` are empty and `autoLeave` is false.
 */
export interface Configuration extends ConfState {}

/** No members at all: a node that has yet to learn its group. */
export const EMPTY_CONFIGURATION: Configuration = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** Whether two majorities are needed (Raft paper, section 6). */
export function isJoint(configuration: Configuration): boolean {
  return configuration.votersOutgoing.length > 0;
}

/** The ids of both halves, ascending, none twice. */
export function allVoters(configuration: Configuration): readonly number[] {
  return isJoint(configuration)
    ? sortedIds([...configuration.voters, ...configuration.votersOutgoing])
    : configuration.voters;
}

/** Ascending, none twice. */
export function sortedIds(ids: Iterable<number>): number[] {
  return [...new Set(ids)].sort((a, b) => a - b);
}

/** Whether two memberships are the same, whatever the order of their lists. */
export function confStatesEqual(a: ConfState, b: ConfState): boolean {
  return (
    a.autoLeave === b.autoLeave &&
    sameIds(a.voters, b.voters) &&
    sameIds(a.learners, b.learners) &&
    sameIds(a.votersOutgoing, b.votersOutgoing) &&
    sameIds(a.learnersNext, b.learnersNext)
  );
}

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  const left = sortedIds(a);
  const right = sortedIds(b);
  return left.length === right.length && left.every((id, at) => id === right[at]);
}
