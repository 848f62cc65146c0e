import type { ClusterNode } from '@flotilla/cluster';

/** What the endpoint needs of a node: a part of `ClusterNode`. */
export type EndpointNode = Pick<
  ClusterNode,
  | 'nodeId'
  | 'clusterId'
  | 'topology'
  | 'routing'
  | 'leaderHint'
  | 'groupStatus'
  | 'groupStatuses'
  | 'submit'
  | 'submitRead'
  | 'observe'
  | 'members'
  | 'transfer'
  | 'serveClients'
  | 'status'
>;
