import { toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import { certificateClaims, type RemoteIdentity } from '@flotilla/transport';
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
 * Judges whether the certificate of who says hello lets it say so: who speaks as a node must not show a client's certificate, nor one that names
 * another node. Asked of every hello, of joiners and of dialled nodes too. Without TLS, and where the names claim nothing, there is nothing to judge.
 *
 * @throws Unauthorized
 */
export function judgeCertificate(hello: Hello, remote: RemoteIdentity): void {
  if (hello.role !== 'peer' || remote.tls === undefined) return;
  const claims = certificateClaims(remote.tls.names);
  if (claims.kind === 'other') {
    throw unauthorized(
      `${remote.address} speaks as a node, and its certificate is not a node's: it names ${remote.tls.names.join(', ')}`,
    );
  }
  if (claims.kind === 'unnamed' || claims.nodeIds.length === 0 || hello.nodeId === 0) return;
  if (!claims.nodeIds.includes(hello.nodeId)) throw otherNode(remote.address, hello.nodeId, claims.nodeIds);
}

/** Judges whether a joiner's certificate is one of the node that it asks to become. @param id 0: any @throws Unauthorized */
export function judgeRequestedId(id: number, remote: RemoteIdentity): void {
  const claims = certificateClaims(remote.tls?.names ?? []);
  if (claims.kind !== 'node' || claims.nodeIds.length === 0 || claims.nodeIds.includes(id)) return;
  throw otherNode(remote.address, id, claims.nodeIds);
}

/** Judges whether a connection shows a key that is on record for its node. @throws Unauthorized */
export function judgePin(known: NodeInfo, remote: RemoteIdentity): void {
  // What a page dials, its browser judges by the host, and shows no key.
  if (known.spkiPins.length === 0 || remote.tlsUnseen === true) return;
  const shown = remote.tls === undefined ? undefined : toHex(remote.tls.spkiSha256);
  if (shown !== undefined && known.spkiPins.includes(shown)) return;
  const what = shown === undefined ? 'no certificate' : `the key ${shown}`;
  const act = shown === undefined ? '' : `. If it was exchanged on purpose: members pin ${known.id} --add ${shown}`;
  throw unauthorized(`node ${known.id} at ${remote.address} shows ${what}, which is not on record for it${act}`);
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

function otherNode(address: string, claimed: number, named: readonly number[]): FlotillaError {
  const speaks = claimed === 0 ? 'asks for any id' : `speaks as node ${claimed}`;
  return unauthorized(
    `${address} ${speaks}, and its certificate is that of node ${named.join(', ')}. Give it the nodeId and the certificate of one node`,
  );
}

function unauthorized(reason: string): FlotillaError<'Unauthorized'> {
  return new FlotillaError('Unauthorized', { message: reason, details: { reason } });
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
