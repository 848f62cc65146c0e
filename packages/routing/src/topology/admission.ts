import { FlotillaError } from '@flotilla/errors';
import {
  type ClusterTopology,
  nodeFault,
  type NodeInfo,
  nodeOfIncarnation,
  type WireVersionRange,
} from './topology.js';

/** What a node says of itself when it asks to join. */
export interface AdmissionRequest {
  /** 0: group 0 gives one. */
  readonly id: number;
  readonly name: string | undefined;
  readonly addresses: readonly string[];
  readonly incarnation: string;
  readonly voter: boolean;
  readonly versions: WireVersionRange;
  readonly spkiPins: readonly string[];
}

/**
 * What becomes of a request: a `new` node to be added (joining), one that is `known` already (a retry: go on with what is
 * missing, the topology stays), one that `moved` (the same disk at other addresses: replace them), or a refusal.
 */
export type Admission =
  | { readonly kind: 'new' | 'known' | 'moved'; readonly node: NodeInfo }
  | { readonly kind: 'refused'; readonly error: FlotillaError };

/**
 * Decides on a request to join; the topology is not changed by it.
 *
 * | id | incarnation | addresses | answer |
 * |---|---|---|---|
 * | not known, or 0 with an unknown incarnation | | good | `new`, with the next id where it was 0 |
 * | known with pins, or 0 | its own, with none of these keys | | refused: Unauthorized |
 * | known, or 0 | its own | the same | `known`, in whatever state it is |
 * | known, or 0 | its own | other | `moved` |
 * | known | another | one in common, or none at all | refused: UnknownIncarnation (its disk was wiped or swapped) |
 * | known | another | other | refused: NodeIdCollision |
 * | unknown | that of another node | | refused: NodeIdCollision |
 * | known and decommissioned | any | | refused: NodeIdCollision; ids are never used again |
 * | any | any | malformed | refused: InvalidArgument |
 */
export function decideAdmission(topology: ClusterTopology, request: AdmissionRequest): Admission {
  const twin = nodeOfIncarnation(topology, request.incarnation);
  const id = request.id === 0 ? (twin?.id ?? topology.lastNodeId + 1) : request.id;
  const { name, addresses, incarnation, voter, versions, spkiPins } = request;
  const node: NodeInfo = { id, name, addresses, state: 'joining', incarnation, voter, versions, spkiPins };
  const fault = nodeFault(node);
  if (fault !== undefined) return refused(badNode(fault));
  const known = topology.nodes.get(id);
  if (known === undefined) {
    return twin === undefined ? { kind: 'new', node } : refused(diskOfAnother(id, twin.id));
  }
  if (known.state === 'decommissioned')
    return refused(collision(id, 'is decommissioned, and ids are never used again'));
  if (known.incarnation !== request.incarnation) {
    return refused(sharesAddress(known, node) ? wiped(id) : collision(id, `belongs to the node at ${placeOf(known)}`));
  }
  if (known.spkiPins.length > 0 && !spkiPins.some((pin) => known.spkiPins.includes(pin))) {
    return refused(otherKey(known, spkiPins));
  }
  if (sameAddresses(known, node)) return { kind: 'known', node: known };
  return { kind: 'moved', node: { ...known, addresses: node.addresses } };
}

function sharesAddress(a: NodeInfo, b: NodeInfo): boolean {
  if (a.addresses.length === 0 && b.addresses.length === 0) return true;
  return a.addresses.some((address) => b.addresses.includes(address));
}

function sameAddresses(a: NodeInfo, b: NodeInfo): boolean {
  return a.addresses.length === b.addresses.length && a.addresses.every((address) => b.addresses.includes(address));
}

function placeOf(node: NodeInfo): string {
  return node.addresses.length === 0 ? 'no address' : node.addresses.join(', ');
}

function refused(error: FlotillaError): Admission {
  return { kind: 'refused', error };
}

function badNode(reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `the node was not let in: ${reason}. Correct its configuration and start it again`,
    details: { argument: 'node', reason },
  });
}

function collision(node: number, why: string): FlotillaError<'NodeIdCollision'> {
  return new FlotillaError('NodeIdCollision', {
    message: `the node was not let in: id ${node} ${why}. Give it another id, or none, so that the cluster chooses`,
    details: { node },
  });
}

function otherKey({ id, spkiPins }: NodeInfo, shown: readonly string[]): FlotillaError<'Unauthorized'> {
  const what = shown.length === 0 ? 'no certificate' : `the key ${shown.join(', ')}`;
  const reason = `node ${id} is known by ${spkiPins.length === 1 ? 'another key' : 'other keys'} than it shows: ${what}`;
  return new FlotillaError('Unauthorized', {
    message: `the node was not let in: ${reason}. Start it with the certificate that it had, or put its key on record (members pin)`,
    details: { reason },
  });
}

function diskOfAnother(node: number, owner: number): FlotillaError<'NodeIdCollision'> {
  return new FlotillaError('NodeIdCollision', {
    message:
      `the node was not let in: it asks for id ${node}, but its disk is that of node ${owner}. ` +
      `Start it as node ${owner}, or with an empty data folder`,
    details: { node },
  });
}

function wiped(node: number): FlotillaError<'UnknownIncarnation'> {
  return new FlotillaError('UnknownIncarnation', {
    message:
      `the node was not let in: node ${node} is known with another disk than this one, and without what that disk held ` +
      `it must not vote. Let it join under a new id, then replace node ${node} by it (members replace)`,
    details: { node },
  });
}
