import type { ClusterNode, GroupLoad, NodeStatus } from '@flotilla/cluster';

/** What a node says of itself at one moment. */
export interface NodeFigures {
  readonly status: NodeStatus;
  /** What waits in each of its groups. */
  readonly loads: readonly GroupLoad[];
}

/** Asks a running node. Changes nothing in it. */
export function figuresOf(node: ClusterNode): NodeFigures {
  return { status: node.status(), loads: node.groupLoads() };
}
