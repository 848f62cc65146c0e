import { type GroupPlacement, METADATA_GROUP, type RoutingTable } from '../routing-table/routing-table.js';
import type { ClusterTopology, NodeInfo } from '../topology/topology.js';

/** Group 0 takes joining nodes as voters while it has fewer than so many. */
export const METADATA_VOTERS_MAX = 5;

/** A group that a joining node is to enter: always as a learner first, as which it stays where its part is `learner`. */
export interface JoinStep {
  readonly group: number;
  readonly role: 'voter' | 'learner';
}

/** What a plan for joining reads. */
export interface JoinPlanInput {
  readonly topology: ClusterTopology;
  readonly table: RoutingTable;
  /** The node that joins; it is in the topology already. */
  readonly node: number;
  readonly replicationFactor: number;
  /** Data groups that a node with `voter: false` asks for; unknown ones are left out. */
  readonly learnerOf?: readonly number[];
}

/**
 * The groups that a joining node has still to enter, ascending: group 0 while that has fewer than 5 voters, and each data
 * group with fewer voters than the replication factor. Learners that are on their way to vote count as voters, so that
 * nodes joining at once do not overfill a group. A node with `voter: false` becomes a learner of group 0 and of the groups
 * that it names. Groups in which it is already are left out: a retry goes on where the first attempt stopped.
 */
export function planJoin(input: JoinPlanInput): JoinStep[] {
  const { topology, table } = input;
  const node = topology.nodes.get(input.node);
  if (node === undefined || node.state === 'decommissioned' || node.state === 'draining') return [];
  const steps: JoinStep[] = [];
  for (const placement of table.groups.values()) {
    if (placement.voters.includes(node.id) || placement.learners.includes(node.id)) continue;
    if (!node.voter) {
      const asked = placement.group === METADATA_GROUP || (input.learnerOf ?? []).includes(placement.group);
      if (asked) steps.push({ group: placement.group, role: 'learner' });
    } else if (votersToBe(topology, placement) < votersMax(placement.group, input.replicationFactor)) {
      steps.push({ group: placement.group, role: 'voter' });
    }
  }
  return steps;
}

/** What the question of a promotion reads. */
export interface PromotionInput {
  readonly topology: ClusterTopology;
  readonly placement: GroupPlacement;
  /** The learner that has caught up. */
  readonly node: number;
  readonly replicationFactor: number;
}

/**
 * Whether a learner that has caught up may become a voter: its node may vote and is not leaving, and the group has room:
 * 5 voters in group 0, the replication factor in a data group. A replacement does not ask: it is one joint change.
 */
export function mayPromote(input: PromotionInput): boolean {
  const { placement, replicationFactor } = input;
  const node = input.topology.nodes.get(input.node);
  return (
    node !== undefined &&
    willVote(node) &&
    placement.learners.includes(node.id) &&
    placement.voters.length < votersMax(placement.group, replicationFactor)
  );
}

/** How many voters a group settles at, at most. */
export function votersMax(group: number, replicationFactor: number): number {
  return group === METADATA_GROUP ? METADATA_VOTERS_MAX : replicationFactor;
}

function votersToBe(topology: ClusterTopology, placement: GroupPlacement): number {
  const learners = placement.learners.filter((id) => {
    const learner = topology.nodes.get(id);
    return learner !== undefined && willVote(learner);
  });
  return placement.voters.length + learners.length;
}

function willVote(node: NodeInfo): boolean {
  return node.voter && node.state !== 'draining' && node.state !== 'decommissioned';
}
