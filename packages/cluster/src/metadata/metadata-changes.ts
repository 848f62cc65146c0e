import { FlotillaError } from '@flotilla/errors';
import {
  type ClusterTopology,
  decideAdmission,
  type GroupPlacement,
  type MembershipStep,
  type NodeInfo,
  planJoin,
  planRemoval,
  planReplacement,
  type RoutingTable,
  withGroupMembership,
  withNode,
  withNodeAddresses,
  withNodeState,
  withVshardMoved,
} from '@flotilla/routing';
import type { ClusterChange, TopologyChange } from './metadata-entry.js';
import { APPLIED, type MetadataResult } from './metadata-result.js';
import type { MetadataState } from './metadata-state.js';

/** The state after a change, and what it came to. */
export interface Changed {
  readonly state: MetadataState;
  readonly result: MetadataResult;
}

/**
 * Applies one change of topology, routing or memberships. Pure and deterministic.
 *
 * @throws {FlotillaError} the refusal; the state is then as before.
 */
export function applyChange(state: MetadataState, entry: ClusterChange): Changed {
  switch (entry.kind) {
    case 'topology':
      return applyTopologyChange(state, entry.change);
    case 'routing':
      return done({ ...state, routing: withVshardMoved(state.routing, entry.change.vshard, entry.change.group) });
    case 'membership':
      return done({ ...state, routing: withGroupMembership(state.routing, entry.membership) });
  }
}

function applyTopologyChange(state: MetadataState, change: TopologyChange): Changed {
  switch (change.kind) {
    case 'admit':
      return admit(state, change);
    case 'activate':
      return done(activate(state, change.node, change.incarnation));
    case 'reserve':
      return reserve(state, change.node);
    case 'drain':
      return done(drain(state, change));
    case 'decommission':
      return done(decommission(state, change.node));
    case 'pin':
      return done(pin(state, change));
  }
}

function admit(state: MetadataState, change: TopologyChange & { readonly kind: 'admit' }): Changed {
  const admission = decideAdmission(state.topology, change.request);
  if (admission.kind === 'refused') throw admission.error;
  const { node } = admission;
  const result = { node: node.id, value: APPLIED.value };
  if (admission.kind === 'known') return { state, result };
  const topology = withNode(withoutAddressesOf(state.topology, node), node);
  if (admission.kind === 'moved') return { state: { ...state, topology }, result };
  return { state: withPlacesTaken({ ...state, topology }, node.id, change.learnerOf), result };
}

/** The node takes the places that are free: targets with room get it. */
function withPlacesTaken(state: MetadataState, node: number, learnerOf: readonly number[]): MetadataState {
  const { topology, replicationFactor } = state;
  const targets = new Map(state.targets);
  for (const { group, role } of planJoin({ topology, table: targetTable(state), node, replicationFactor, learnerOf })) {
    const target = targets.get(group);
    if (target === undefined) continue;
    if (role === 'voter') targets.set(group, { ...target, voters: withId(target.voters, node) });
    else targets.set(group, { ...target, learners: withId(target.learners, node) });
  }
  return { ...state, targets };
}

/** An address leads to one node: to the one that came last. */
function withoutAddressesOf(topology: ClusterTopology, node: NodeInfo): ClusterTopology {
  let result = topology;
  for (const other of topology.nodes.values()) {
    const kept = other.addresses.filter((address) => !node.addresses.includes(address));
    if (other.id !== node.id && kept.length < other.addresses.length)
      result = withNodeAddresses(result, other.id, kept);
  }
  return result;
}

function activate(state: MetadataState, id: number, incarnation: string): MetadataState {
  const node = memberOf(state.topology, id);
  if (node.incarnation !== incarnation) throw refusal('incarnation', `node ${id} has another incarnation`);
  if (node.state !== 'joining') return state;
  const topology = withNodeState(state.topology, id, node.voter ? 'active' : 'learner');
  // Others may have left since it was let in, and a node that is joining takes nobody's place.
  return node.voter ? withPlacesTaken({ ...state, topology }, id, []) : { ...state, topology };
}

function reserve(state: MetadataState, id: number): Changed {
  const { topology } = state;
  const node = id === 0 ? topology.lastNodeId + 1 : id;
  if (topology.nodes.has(node)) {
    throw new FlotillaError('NodeIdCollision', {
      message: `node id ${node} is taken, and ids are never used again. Give another, or none, so that the cluster chooses`,
      details: { node },
    });
  }
  const result = { node, value: APPLIED.value };
  if (node <= topology.lastNodeId) return { state, result };
  return { state: { ...state, topology: { ...topology, version: topology.version + 1, lastNodeId: node } }, result };
}

function drain(state: MetadataState, change: TopologyChange & { readonly kind: 'drain' }): MetadataState {
  const node = memberOf(state.topology, change.node);
  if (node.state === 'draining') return state;
  const input = {
    topology: state.topology,
    table: targetTable(state),
    remove: change.node,
    replicationFactor: state.replicationFactor,
    reachable: new Set(change.reachable),
  };
  const steps = change.replacement === 0 ? planRemoval(input) : planReplacement({ ...input, add: change.replacement });
  const targets = new Map(state.targets);
  for (const step of steps) {
    const target = targets.get(step.group);
    if (target !== undefined) targets.set(step.group, stepped(target, step));
  }
  const present = node.state === 'joining' ? activate(state, node.id, node.incarnation) : state;
  return { ...state, topology: withNodeState(present.topology, node.id, 'draining'), targets };
}

function stepped(target: GroupPlacement, step: MembershipStep): GroupPlacement {
  const voters = target.voters.filter((id) => id !== step.remove);
  const learners = target.learners.filter((id) => id !== step.remove);
  if (step.add === undefined) return { ...target, voters, learners };
  if (step.role === 'learner') return { ...target, voters, learners: withId(learners, step.add) };
  return { ...target, voters: withId(voters, step.add), learners: learners.filter((id) => id !== step.add) };
}

function decommission(state: MetadataState, id: number): MetadataState {
  const node = memberOf(state.topology, id);
  if (node.state !== 'draining')
    throw refusal('node', `node ${id} is ${node.state}, and only a drained node is taken out`);
  for (const table of [state.routing.groups, state.targets]) {
    for (const { group, voters, learners } of table.values()) {
      if (voters.includes(id) || learners.includes(id))
        throw refusal('node', `node ${id} still has a part in group ${group}`);
    }
  }
  return { ...state, topology: withNodeState(state.topology, id, 'decommissioned') };
}

/** The same again changes nothing. A node with keys on record keeps one: without any, every certificate of the authority could speak for it. */
function pin(state: MetadataState, change: TopologyChange & { readonly kind: 'pin' }): MetadataState {
  const node = memberOf(state.topology, change.node);
  const spkiPins = [...new Set([...node.spkiPins, ...change.add])].filter((key) => !change.remove.includes(key));
  if (spkiPins.length === 0 && node.spkiPins.length > 0) {
    throw refusal('remove', `node ${node.id} would be left without a key on record. Put another on record first`);
  }
  return { ...state, topology: withNode(state.topology, { ...node, spkiPins }) };
}

/** Targets as a table, for plans that read one. */
function targetTable(state: MetadataState): RoutingTable {
  return { version: state.routing.version, vshards: state.routing.vshards, groups: state.targets };
}

function memberOf(topology: ClusterTopology, id: number): NodeInfo {
  const node = topology.nodes.get(id);
  if (node === undefined) throw refusal('node', `there is no node ${id}`);
  if (node.state === 'decommissioned') throw refusal('node', `node ${id} was taken out of the cluster`);
  return node;
}

function withId(ids: readonly number[], id: number): readonly number[] {
  return ids.includes(id) ? ids : [...ids, id].toSorted((a, b) => a - b);
}

function done(state: MetadataState): Changed {
  return { state, result: APPLIED };
}

function refusal(argument: string, reason: string): FlotillaError {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument, reason } });
}
