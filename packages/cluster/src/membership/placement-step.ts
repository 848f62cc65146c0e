import { METADATA_GROUP } from '@flotilla/routing';
import type { MetadataState } from '../metadata/metadata-state.js';
import { mayLeave } from './promotion-policy.js';

/** One thing to be done so that a group comes nearer to its target. */
export type PlacementStep =
  /** The node is to open a replica, then the group is to take it as a learner. */
  | { readonly kind: 'add-learner'; readonly group: number; readonly node: number; readonly open: boolean }
  /**
   * A learner is to have its replica open: one that was added while its node was joining may have come to the targets after the node had its
   * answer, and then nobody told it.
   */
  | { readonly kind: 'open'; readonly group: number; readonly node: number }
  /** The group is to let the node go: a learner that is not wanted, or a voter once all that are wanted vote. */
  | { readonly kind: 'remove'; readonly group: number; readonly node: number };

/**
 * What can be done now to bring a group from where its leader last reported it to be towards its target; what is missing there, its own
 * leader does, as promotions are. Pure. A node that is still joining opens its replicas itself, from the answer that it waits for.
 */
export function placementSteps(state: MetadataState, group: number): readonly PlacementStep[] {
  const actual = state.routing.groups.get(group);
  const target = state.targets.get(group);
  if (actual === undefined || target === undefined || actual.incarnation !== target.incarnation) return [];
  const steps: PlacementStep[] = [];
  for (const node of [...target.voters, ...target.learners]) {
    const info = state.topology.nodes.get(node);
    if (actual.voters.includes(node) || actual.learners.includes(node)) continue;
    if (info === undefined || info.state === 'decommissioned') continue;
    steps.push({ kind: 'add-learner', group, node, open: info.state !== 'joining' });
  }
  for (const node of actual.learners) {
    const info = state.topology.nodes.get(node);
    if (!target.voters.includes(node) && !target.learners.includes(node)) steps.push({ kind: 'remove', group, node });
    else if (info !== undefined && info.state !== 'joining' && info.state !== 'decommissioned') {
      steps.push({ kind: 'open', group, node });
    }
  }
  if (target.voters.every((voter) => actual.voters.includes(voter))) {
    const out = actual.voters.find((voter) => !target.voters.includes(voter) && mayLeave(state, group, voter));
    if (out !== undefined) steps.push({ kind: 'remove', group, node: out });
  }
  return steps;
}

/** Groups that a node that was just let in is to be a learner of, at least, before it is told so. */
export function groupsToEnter(state: MetadataState, node: number): readonly number[] {
  return [...state.targets.values()]
    .filter((target) => target.voters.includes(node) || target.learners.includes(node))
    .map((target) => target.group);
}

/** Of these groups, those that the node has no part in yet, by their leaders' reports. */
export function groupsMissing(state: MetadataState, node: number): readonly number[] {
  return groupsToEnter(state, node).filter((group) => {
    const actual = state.routing.groups.get(group);
    return actual === undefined || (!actual.voters.includes(node) && !actual.learners.includes(node));
  });
}

/** Whether a drained node has left everything. */
export function isEmptied(state: MetadataState, node: number): boolean {
  if (state.topology.nodes.get(node)?.state !== 'draining') return false;
  for (const table of [state.routing.groups, state.targets]) {
    for (const { voters, learners } of table.values())
      if (voters.includes(node) || learners.includes(node)) return false;
  }
  return true;
}

/** Whether a node has, or is to have, a part in a group. */
export function belongsTo(state: MetadataState, group: number, node: number): boolean {
  for (const placement of [state.routing.groups.get(group), state.targets.get(group)]) {
    if (placement?.voters.includes(node) === true || placement?.learners.includes(node) === true) return true;
  }
  return false;
}

/** Data groups of the cluster, ascending. */
export function dataGroups(state: MetadataState): readonly number[] {
  return [...state.routing.groups.keys()].filter((group) => group !== METADATA_GROUP);
}
