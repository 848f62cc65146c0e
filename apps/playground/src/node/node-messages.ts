import type { ClusterEvent, GroupStatus, LifecyclePhase } from '@flotilla/cluster';
import type { PortLike } from '@flotilla/transport-message-port';

/** What the page tells a node's worker. */
export type NodeOrder =
  /** First, once: who the node is, and its place at the hub. */
  | {
      readonly kind: 'start';
      readonly name: string;
      /** Names of the nodes that it looks for a cluster at. */
      readonly seeds: readonly string[];
      /** Data groups of a cluster that it founds. */
      readonly numGroups: number;
      readonly port: PortLike;
    }
  /** From now on nothing passes between this node and these, and between it and all others everything does. */
  | { readonly kind: 'cut'; readonly peers: readonly string[] };

/** What a node looks like. */
export interface NodeView {
  readonly nodeId: number;
  readonly clusterId: string | undefined;
  readonly phase: LifecyclePhase;
  readonly groups: readonly GroupStatus[];
  /** Bytes of the log on disk, and durable writes so far. */
  readonly logBytes: number;
  readonly syncs: number;
}

/** What a node's worker tells the page. */
export type NodeReport =
  | { readonly kind: 'view'; readonly view: NodeView }
  | { readonly kind: 'event'; readonly event: ClusterEvent }
  /** The node could not start, or stopped by itself. */
  | { readonly kind: 'failed'; readonly error: string };
