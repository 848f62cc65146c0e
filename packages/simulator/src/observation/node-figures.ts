import type { ClusterNode, NodeStatus } from '@flotilla/cluster';

/** What a node says of itself at one moment. */
export interface NodeFigures {
  readonly status: NodeStatus;
}

/** Asks a running node. Changes nothing in it. */
export function figuresOf(node: ClusterNode): NodeFigures {
  return { status: node.status() };
}
