import { FlotillaError } from '@flotilla/errors';
import {
  type AdminRequest,
  decodeLaneRequest,
  encodeErrorReply,
  encodeJsonReply,
  encodeReply,
  type MemberReport,
  type StoreReport,
} from '../protocol/admin.js';
import { encodeClusterMap, type GroupLeader } from '../protocol/cluster-map.js';
import type { KvGroups } from '../state-machine/kv-groups.js';
import type { EndpointNode } from './endpoint-node.js';
import type { Watches } from './watches.js';

/** What the request lane is served with. */
export interface LaneServices {
  readonly node: EndpointNode;
  readonly groups: KvGroups;
  readonly watches: Watches;
  /** Fields that the host adds to the answer of `nodeStatus`, such as its process id. */
  readonly hostStatus: () => Readonly<Record<string, unknown>>;
}

/** Answers a request of the request lane. Never rejects: what fails is an answer too. */
export async function serveLane(services: LaneServices, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const request = decodeLaneRequest(body);
    if (request.kind === 'map') return encodeReply(clusterMap(services.node));
    return encodeJsonReply(await serveAdmin(services, request.request, signal));
  } catch (error) {
    return encodeErrorReply(error);
  }
}

function clusterMap(node: EndpointNode): Uint8Array {
  const routing = node.routing();
  const leaders: GroupLeader[] = [];
  for (const group of routing.groups.keys()) {
    const hint = node.leaderHint(group);
    if (hint !== undefined) leaders.push({ group, node: hint.node });
  }
  return encodeClusterMap({
    nodeId: node.nodeId,
    clusterId: node.clusterId,
    routing,
    topology: node.topology(),
    leaders,
  });
}

function serveAdmin(services: LaneServices, request: AdminRequest, signal: AbortSignal): unknown {
  const { node, hostStatus } = services;
  switch (request.op) {
    case 'nodeStatus':
      return { ...node.status(), ...hostStatus() };
    case 'membersList':
      return memberReports(node);
    case 'membersAdd':
      return node.members.add(request.nodeId === undefined ? {} : { nodeId: request.nodeId }, { signal });
    case 'membersRemove':
      return node.members.remove(request.node, { signal });
    case 'membersReplace':
      return node.members.replace(request.oldNode, request.newNode, { signal });
    case 'membersPin':
      return node.members.pin(request.node, { add: request.add, remove: request.remove }, { signal });
    case 'transfer':
      checkGroup(node, request.group);
      return node.transfer(request.group, request.to, { signal });
    case 'stores':
      return storeReports(services);
  }
}

function checkGroup(node: EndpointNode, group: number): void {
  if (node.routing().groups.has(group)) return;
  throw new FlotillaError('GroupNotFound', {
    message: `there is no group ${group} in this cluster, as far as this node knows`,
    details: { group },
  });
}

function memberReports(node: EndpointNode): MemberReport[] {
  return node.members.list().map(({ node: info, voterOf, learnerOf, leaderOf }) => ({
    id: info.id,
    name: info.name ?? '',
    addresses: info.addresses,
    state: info.state,
    incarnation: info.incarnation,
    voter: info.voter,
    spkiPins: info.spkiPins,
    voterOf,
    learnerOf,
    leaderOf,
  }));
}

function storeReports({ groups, watches }: LaneServices): StoreReport[] {
  const reports: StoreReport[] = [];
  for (const group of groups.groups().sort((a, b) => a - b)) {
    const stats = groups.machine(group)?.store.stats;
    if (stats === undefined) continue;
    const { revision, compactRevision, keys, historyVersions, bytes } = stats;
    reports.push({ group, revision, compactRevision, keys, historyVersions, bytes, watchers: watches.count(group) });
  }
  return reports;
}
