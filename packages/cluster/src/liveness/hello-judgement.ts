import { toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import type { RemoteIdentity } from '@flotilla/transport';
import type { Hello } from '@flotilla/wire';

/** Who this node is, as it says in its hello. */
export interface LocalIdentity {
  /** Undefined until the node belongs to a cluster. */
  readonly clusterId: string | undefined;
  /** 0 until the node has one. */
  readonly nodeId: number;
  readonly incarnation: string;
  readonly clusterEpoch: number;
  readonly hostEpoch: number;
  readonly addresses: readonly string[];
}

/** The nodes of the cluster, as far as this one knows. */
export type NodeDirectory = (id: number) => NodeInfo | undefined;

/**
 * Judges the hello of a node of the cluster: same cluster, a known id with the incarnation on record, the certificate on record, and behind
 * a dialled address the node that was expected there.
 *
 * @throws NotReady where either side cannot say yet (retry), WrongCluster, UnknownIncarnation, NodeIdCollision, Unauthorized, UnexpectedResponse
 */
export function judgeMember(
  hello: Hello,
  remote: RemoteIdentity,
  local: LocalIdentity,
  directory: NodeDirectory,
  expected?: number,
): void {
  const { clusterId, nodeId, incarnation } = hello;
  if (local.clusterId === undefined) throw notReady('this node does not belong to a cluster yet');
  if (clusterId === undefined) throw notReady(`the node at ${remote.address} does not belong to a cluster yet`);
  sameCluster(clusterId, local.clusterId, remote.address);
  if (nodeId === local.nodeId) throw ownId(nodeId, remote.address, incarnation === local.incarnation);
  const known = directory(nodeId);
  if (known === undefined) throw notReady(`node ${nodeId} at ${remote.address} is not known here yet`);
  if (known.state === 'decommissioned') throw removedFromCluster(nodeId);
  if (known.incarnation !== incarnation) throw unknownIncarnation(nodeId, known.incarnation, incarnation);
  if (expected !== undefined && expected !== nodeId) {
    throw new FlotillaError('UnexpectedResponse', {
      message: `${remote.address} answers as node ${nodeId}, not as node ${expected}`,
      details: { from: remote.address },
    });
  }
  judgePin(known, remote);
}

/**
 * Whether a node calls itself a member of this cluster and is not known here: the cluster may have let it in while this node was away.
 * What is said of it here is then out of date, or it lies.
 */
export function isStranger(hello: Hello, local: LocalIdentity, directory: NodeDirectory): boolean {
  const { clusterId, nodeId, incarnation } = hello;
  if (clusterId === undefined || clusterId !== local.clusterId || incarnation === undefined) return false;
  return nodeId > 0 && nodeId !== local.nodeId && directory(nodeId) === undefined;
}

/** Judges a client's hello: it may not know the cluster, but must not take it for another. @throws WrongCluster */
export function judgeClient(hello: Hello, remote: RemoteIdentity, local: LocalIdentity): void {
  if (hello.clusterId === undefined || local.clusterId === undefined) return;
  sameCluster(hello.clusterId, local.clusterId, remote.address);
}

function sameCluster(theirs: string, ours: string, address: string): void {
  if (theirs === ours) return;
  throw new FlotillaError('WrongCluster', {
    message: `${address} speaks for cluster ${theirs}, this node belongs to ${ours}. Two clusters share an address: check the seeds`,
    details: { ours, theirs },
  });
}

function judgePin(known: NodeInfo, remote: RemoteIdentity): void {
  if (known.spkiPins.length === 0) return;
  const shown = remote.tls === undefined ? undefined : toHex(remote.tls.spkiSha256);
  if (shown !== undefined && known.spkiPins.includes(shown)) return;
  const what = shown === undefined ? 'no certificate' : `the key ${shown.slice(0, 16)}…`;
  const reason = `node ${known.id} at ${remote.address} shows ${what}, which is not the one on record`;
  throw new FlotillaError('Unauthorized', { message: reason, details: { reason } });
}

/** The refusal of a node whose disk is not the one that the cluster knows it by. */
export function unknownIncarnation(node: number, known: string, shown: string | undefined): FlotillaError {
  return new FlotillaError('UnknownIncarnation', {
    message:
      `node ${node} was known by the disk ${known} and now shows ${shown ?? 'none'}: its disk was wiped or exchanged, and it must not vote ` +
      `as the node that it was. Start it as a new node, then run: members replace ${node} NEW`,
    details: { node },
  });
}

/** The refusal of a node that was taken out of the cluster. */
export function removedFromCluster(node: number): FlotillaError {
  return new FlotillaError('UnknownIncarnation', {
    message: `node ${node} was taken out of the cluster; its id is not used again. Start it with an empty data folder to join anew`,
    details: { node },
  });
}

function ownId(node: number, address: string, itself: boolean): FlotillaError {
  if (itself) {
    return new FlotillaError('UnexpectedResponse', {
      message: `${address} leads back to this node itself`,
      details: { from: address },
    });
  }
  return new FlotillaError('NodeIdCollision', {
    message: `the node at ${address} calls itself node ${node}, which is this node's id`,
    details: { node },
  });
}

function notReady(reason: string): FlotillaError {
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}
