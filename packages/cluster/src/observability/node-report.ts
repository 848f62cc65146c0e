import type { GroupStatus } from '../group/group-status.js';
import type { LifecycleState } from '../lifecycle/lifecycle-state.js';
import type { LinkReport } from '../liveness/peer-link.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { GroupReport, NodeStatus, PeerReport } from './node-status.js';

/** What a node's status is put together from. */
export interface NodeFacts {
  readonly id: number;
  readonly name: string;
  readonly incarnation: string;
  readonly clusterId: string | undefined;
  readonly addresses: readonly string[];
  readonly lifecycle: LifecycleState;
  readonly epoch: number;
  readonly hostEpoch: number;
  readonly metadata: MetadataState;
  readonly groups: readonly GroupStatus[];
  readonly links: readonly LinkReport[];
}

/** The status of a node as plain data. */
export function nodeStatusOf(facts: NodeFacts): NodeStatus {
  const { metadata, lifecycle } = facts;
  return {
    id: facts.id,
    name: facts.name,
    incarnation: facts.incarnation,
    clusterId: facts.clusterId ?? null,
    addresses: facts.addresses,
    lifecycle: lifecycle.phase,
    lifecycleDetail: lifecycleDetail(lifecycle),
    epoch: facts.epoch,
    hostEpoch: facts.hostEpoch,
    metadataIndex: metadata.index,
    topologyVersion: metadata.topology.version,
    routingVersion: metadata.routing.version,
    replicationFactor: metadata.replicationFactor,
    groups: facts.groups.map(groupReport),
    peers: peerReports(facts),
  };
}

/** What belongs to a phase, as text: attempt, number of nodes, or reason; else empty. */
export function lifecycleDetail(state: LifecycleState): string {
  switch (state.phase) {
    case 'joining':
      return `attempt ${state.attempt}`;
    case 'ready':
      return `${state.nodes} nodes`;
    case 'failed':
      return state.reason;
    default:
      return '';
  }
}

function groupReport(status: GroupStatus): GroupReport {
  return {
    group: status.group,
    role: status.role,
    leader: status.leader ?? 0,
    term: status.term,
    commitIndex: status.commitIndex,
    appliedIndex: status.appliedIndex,
    lag: status.commitIndex - status.appliedIndex,
    firstIndex: status.firstIndex,
    lastIndex: status.lastIndex,
    voters: status.members,
    learners: status.learners,
    vshardCount: status.vshardCount,
    incarnation: status.incarnation,
    quiescent: status.quiescent,
    stopped: status.stopped ?? null,
  };
}

function peerReports({ id, metadata, links }: NodeFacts): PeerReport[] {
  const byNode = new Map(links.map((link) => [link.node, link]));
  return [...metadata.topology.nodes.values()]
    .filter((node) => node.id !== id)
    .map((node) => {
      const link = byNode.get(node.id);
      return {
        id: node.id,
        name: node.name ?? '',
        addresses: node.addresses,
        state: node.state,
        connected: link?.connected ?? false,
        address: link?.address ?? null,
        error: link?.error ?? null,
      };
    });
}
