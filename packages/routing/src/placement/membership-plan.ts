import { FlotillaError } from '@flotilla/errors';
import { type GroupPlacement, METADATA_GROUP, type RoutingTable } from '../routing-table/routing-table.js';
import type { ClusterTopology, NodeInfo } from '../topology/topology.js';
import { votersMax } from './join-placement.js';

/** One change of one group: `remove` leaves and, where given, `add` takes its place in the same joint change, once it has caught up as a learner. */
export interface MembershipStep {
  readonly group: number;
  readonly role: 'voter' | 'learner';
  readonly remove: number;
  readonly add: number | undefined;
}

/** What plans of removal and replacement read. */
export interface MembershipPlanInput {
  readonly topology: ClusterTopology;
  readonly table: RoutingTable;
  /** The node that leaves. */
  readonly remove: number;
  readonly replicationFactor: number;
  /** Nodes that can be reached now; each group must have a quorum of them before and after its step. */
  readonly reachable: ReadonlySet<number>;
}

/**
 * Steps that put `add` in the place of `remove` in every group, data groups in ascending order and group 0 last. A group in
 * which `add` votes already gets another node, as in `planRemoval`, where it would fall below its replication factor.
 *
 * @throws {FlotillaError} InvalidArgument for nodes that are unknown, the same, or cannot take part; UnsafeMembershipChange
 * where a group would fall below its replication factor; QuorumLost where too few voters can be reached. All definite, and
 * found before the first step is taken.
 */
export function planReplacement(input: MembershipPlanInput & { readonly add: number }): MembershipStep[] {
  const { topology, table, remove, add } = input;
  const leaving = presentNode(topology, remove);
  const coming = presentNode(topology, add);
  if (add === remove) throw invalid('add', `node ${add} cannot replace itself`);
  if (leaving.voter && !coming.voter)
    throw invalid('add', `node ${add} never votes and cannot replace the voter ${remove}`);
  if (coming.state === 'draining') throw invalid('add', `node ${add} is being drained itself`);
  const replicas = replicaCounts(table);
  return dataGroupsFirst(table).flatMap((placement): MembershipStep[] => {
    const role = roleOf(placement, remove);
    if (role === undefined) return [];
    if (role === 'learner') {
      const present = roleOf(placement, add) !== undefined;
      return [{ group: placement.group, role, remove, add: present ? undefined : add }];
    }
    const inPlace = placement.voters.includes(add) ? stepIn(input, placement, replicas) : add;
    const step = { group: placement.group, role, remove, add: inPlace };
    checkStep(input, placement, step);
    return [step];
  });
}

/**
 * Steps that take `remove` out of every group, data groups in ascending order and group 0 last. A group that would fall
 * below its replication factor, or group 0 below five voters, gets another node in its place where one is there: the one with the fewest
 * replicas, the lowest id first.
 *
 * @throws {FlotillaError} InvalidArgument for an unknown node; UnsafeMembershipChange where no node is left to take a
 * replica over; QuorumLost where too few voters can be reached. All definite, and found before the first step is taken.
 */
export function planRemoval(input: MembershipPlanInput): MembershipStep[] {
  const { topology, table, remove } = input;
  presentNode(topology, remove);
  const replicas = replicaCounts(table);
  return dataGroupsFirst(table).flatMap((placement): MembershipStep[] => {
    const role = roleOf(placement, remove);
    if (role === undefined) return [];
    if (role === 'learner') return [{ group: placement.group, role, remove, add: undefined }];
    const step = { group: placement.group, role, remove, add: stepIn(input, placement, replicas) };
    checkStep(input, placement, step);
    return [step];
  });
}

/** A group is never planned below it: the replication factor, or what it has where that is less; group 0 is held to the same. */
function votersRequired(placement: GroupPlacement, replicationFactor: number): number {
  return Math.max(1, Math.min(replicationFactor, placement.voters.length));
}

function checkStep(input: MembershipPlanInput, placement: GroupPlacement, step: MembershipStep): void {
  const { group, voters } = placement;
  const kept = voters.filter((voter) => voter !== step.remove);
  const after = step.add === undefined ? kept : [...kept, step.add];
  const required = votersRequired(placement, input.replicationFactor);
  if (after.length < required) throw belowFactor(step.remove, group, voters.length, required);
  checkQuorum(input.reachable, group, voters, `to take node ${step.remove} out`);
  checkQuorum(input.reachable, group, after, `once node ${step.remove} is out`);
}

function checkQuorum(reachable: ReadonlySet<number>, group: number, voters: readonly number[], when: string): void {
  const present = voters.filter((voter) => reachable.has(voter)).length;
  const quorum = Math.floor(voters.length / 2) + 1;
  if (present >= quorum) return;
  throw new FlotillaError('QuorumLost', {
    message:
      `group ${group} needs ${quorum} of its ${voters.length} voters ${when}, and ${present} can be reached. ` +
      'Nothing was changed; bring voters back first',
    details: { group, reachable: present, voters: voters.length },
    outcome: 'definite',
  });
}

/**
 * The node that takes the place of `remove` where the group would else have fewer voters than it settles at, which for group 0 is more than
 * it must have; undefined: none is needed, or none is there.
 */
function stepIn(
  input: MembershipPlanInput,
  placement: GroupPlacement,
  replicas: Map<number, number>,
): number | undefined {
  if (placement.voters.length > votersMax(placement.group, input.replicationFactor)) return undefined;
  const add = substitute(input, placement, replicas);
  if (add !== undefined) replicas.set(add, (replicas.get(add) ?? 0) + 1);
  return add;
}

function substitute(
  input: MembershipPlanInput,
  placement: GroupPlacement,
  replicas: ReadonlyMap<number, number>,
): number | undefined {
  const candidates = [...input.topology.nodes.values()].filter(
    (node) =>
      node.voter &&
      node.state === 'active' &&
      node.id !== input.remove &&
      input.reachable.has(node.id) &&
      !placement.voters.includes(node.id),
  );
  candidates.sort((a, b) => (replicas.get(a.id) ?? 0) - (replicas.get(b.id) ?? 0) || a.id - b.id);
  return candidates[0]?.id;
}

/** Replicas of data groups on each node. */
function replicaCounts(table: RoutingTable): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { group, voters } of table.groups.values()) {
    if (group === METADATA_GROUP) continue;
    for (const voter of voters) counts.set(voter, (counts.get(voter) ?? 0) + 1);
  }
  return counts;
}

function dataGroupsFirst(table: RoutingTable): GroupPlacement[] {
  const groups = [...table.groups.values()];
  return [
    ...groups.filter((placement) => placement.group !== METADATA_GROUP),
    ...groups.filter((placement) => placement.group === METADATA_GROUP),
  ];
}

function roleOf(placement: GroupPlacement, node: number): 'voter' | 'learner' | undefined {
  if (placement.voters.includes(node)) return 'voter';
  return placement.learners.includes(node) ? 'learner' : undefined;
}

function presentNode(topology: ClusterTopology, id: number): NodeInfo {
  const node = topology.nodes.get(id);
  if (node === undefined) throw invalid('node', `there is no node ${id}`);
  if (node.state === 'decommissioned') throw invalid('node', `node ${id} is decommissioned`);
  return node;
}

function belowFactor(
  node: number,
  group: number,
  voters: number,
  required: number,
): FlotillaError<'UnsafeMembershipChange'> {
  return new FlotillaError('UnsafeMembershipChange', {
    message:
      `taking node ${node} out would leave group ${group} with ${voters - 1} of the ${required} voters that it must have, and ` +
      'no other node can take its place. Nothing was changed; add a node first (members add), or replace this one (members replace)',
    details: { node, group, voters: voters - 1, required },
  });
}

function invalid(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `the members cannot be changed so: ${reason}. Nothing was changed`,
    details: { argument, reason },
  });
}
