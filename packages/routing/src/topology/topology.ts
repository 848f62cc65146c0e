import { FlotillaError } from '@flotilla/errors';
import { isAdvertisable } from '../address/address.js';

/**
 * Where a node stands: let in and not served yet; a full member; being emptied; gone for good (its id stays taken); a member
 * that never votes.
 */
export type NodeState = 'joining' | 'active' | 'draining' | 'decommissioned' | 'learner';

/** Versions from `min` to `max`, both included. */
export interface WireVersionRange {
  readonly min: number;
  readonly max: number;
}

/** A node of the cluster. */
export interface NodeInfo {
  /** From 1 on; never given twice. */
  readonly id: number;
  readonly name: string | undefined;
  /** Canonical URLs that others can dial, at most 16; empty: reachable only over connections that it opened. */
  readonly addresses: readonly string[];
  readonly state: NodeState;
  /** Of its disk: 16 lower-case hexadecimal digits. */
  readonly incarnation: string;
  /** Whether it may vote; false: a learner for good, which counts neither for replication nor for placement. */
  readonly voter: boolean;
  /** Wire versions that it speaks. */
  readonly versions: WireVersionRange;
  /** SHA-256 of the public keys it may present: 64 lower-case hexadecimal digits each, at most 8. Empty: not pinned. */
  readonly spkiPins: readonly string[];
}

/** All nodes that ever were. Immutable: every change makes a topology with the next version. */
export interface ClusterTopology {
  /** Grows by one with each change; 0: the empty topology. */
  readonly version: number;
  /** The highest id that was ever given. */
  readonly lastNodeId: number;
  /** By id, ascending. */
  readonly nodes: ReadonlyMap<number, NodeInfo>;
}

/** Bounds of a topology's parts. */
export const TOPOLOGY_LIMITS = { addressesMax: 16, spkiPinsMax: 8, nameCharactersMax: 64 } as const;

/** What each state may become. A drain may be called off; what is decommissioned stays so. */
const NEXT_STATES: Readonly<Record<NodeState, readonly NodeState[]>> = {
  joining: ['active', 'learner', 'decommissioned'],
  active: ['draining', 'decommissioned'],
  learner: ['draining', 'decommissioned'],
  draining: ['active', 'learner', 'decommissioned'],
  decommissioned: [],
};

/** The topology before anything is known: no node, version 0. */
export const EMPTY_TOPOLOGY: ClusterTopology = { version: 0, lastNodeId: 0, nodes: new Map() };

/**
 * Adds a node, or replaces what is known of it; the same again changes nothing.
 *
 * @throws {FlotillaError} InvalidArgument for a malformed node, another incarnation under a known id, or a state that
 * cannot follow the present one.
 */
export function withNode(topology: ClusterTopology, node: NodeInfo): ClusterTopology {
  const fault = nodeFault(node);
  if (fault !== undefined) throw invalid('node', fault);
  const known = topology.nodes.get(node.id);
  if (known !== undefined) {
    if (sameNode(known, node)) return topology;
    if (known.incarnation !== node.incarnation) throw invalid('incarnation', `node ${node.id} has another incarnation`);
    if (known.state !== node.state) checkStateChange(known, node.state);
  }
  const others = [...topology.nodes.values()].filter((other) => other.id !== node.id);
  const nodes = [...others, node].sort((a, b) => a.id - b.id);
  return {
    version: topology.version + 1,
    lastNodeId: Math.max(topology.lastNodeId, node.id),
    nodes: new Map(nodes.map((each) => [each.id, each])),
  };
}

/** Moves a node to another state; the present one changes nothing. @throws {FlotillaError} InvalidArgument for an unknown node or a state that cannot follow */
export function withNodeState(topology: ClusterTopology, id: number, state: NodeState): ClusterTopology {
  return withNode(topology, { ...knownNode(topology, id), state });
}

/** Replaces a node's addresses; the same ones change nothing. @throws {FlotillaError} InvalidArgument for an unknown node or a bad address */
export function withNodeAddresses(
  topology: ClusterTopology,
  id: number,
  addresses: readonly string[],
): ClusterTopology {
  return withNode(topology, { ...knownNode(topology, id), addresses });
}

/** The nodes in one of the given states, by id. */
export function nodesInState(topology: ClusterTopology, ...states: readonly NodeState[]): NodeInfo[] {
  return [...topology.nodes.values()].filter((node) => states.includes(node.state));
}

/** The node of an incarnation; undefined: none. */
export function nodeOfIncarnation(topology: ClusterTopology, incarnation: string): NodeInfo | undefined {
  for (const node of topology.nodes.values()) if (node.incarnation === incarnation) return node;
  return undefined;
}

/** What is wrong with a node's entry; undefined: nothing. */
export function nodeFault(node: NodeInfo): string | undefined {
  const { id, name, addresses, incarnation, versions, spkiPins } = node;
  if (!Number.isSafeInteger(id) || id < 1) return `node id ${id} is no integer from 1 on`;
  if (name !== undefined && (name.length === 0 || name.length > TOPOLOGY_LIMITS.nameCharactersMax)) {
    return `node ${id} has a name of ${name.length} characters, where 1 to ${TOPOLOGY_LIMITS.nameCharactersMax} may stand`;
  }
  if (!Object.hasOwn(NEXT_STATES, node.state)) return `node ${id} has the unknown state ${node.state}`;
  if (!/^[0-9a-f]{16}$/.test(incarnation)) return `node ${id} has an incarnation that is not 16 hexadecimal digits`;
  if (!isVersion(versions.min) || !isVersion(versions.max) || versions.max < versions.min) {
    return `node ${id} has no range of versions: ${versions.min} to ${versions.max}`;
  }
  if (addresses.length > TOPOLOGY_LIMITS.addressesMax) return `node ${id} has ${addresses.length} addresses`;
  for (const address of addresses) {
    if (!isAdvertisable(address)) return `node ${id} has a bad address ${JSON.stringify(address)}`;
  }
  if (spkiPins.length > TOPOLOGY_LIMITS.spkiPinsMax) return `node ${id} has ${spkiPins.length} pins`;
  if (!spkiPins.every((pin) => /^[0-9a-f]{64}$/.test(pin))) return `node ${id} has a pin that is not 32 bytes`;
  return undefined;
}

function isVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= 0xffff;
}

function sameNode(a: NodeInfo, b: NodeInfo): boolean {
  return (
    a.name === b.name &&
    a.state === b.state &&
    a.incarnation === b.incarnation &&
    a.voter === b.voter &&
    a.versions.min === b.versions.min &&
    a.versions.max === b.versions.max &&
    sameTexts(a.addresses, b.addresses) &&
    sameTexts(a.spkiPins, b.spkiPins)
  );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}

function checkStateChange(node: NodeInfo, state: NodeState): void {
  if (NEXT_STATES[node.state].includes(state)) return;
  throw invalid('state', `node ${node.id} is ${node.state} and cannot become ${state}`);
}

function knownNode(topology: ClusterTopology, id: number): NodeInfo {
  const node = topology.nodes.get(id);
  if (node === undefined) throw invalid('node', `there is no node ${id}`);
  return node;
}

function invalid(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `the topology cannot be changed so: ${reason}. It is as before`,
    details: { argument, reason },
  });
}
