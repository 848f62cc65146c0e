/** One group as a node sees it. */
export interface GroupReport {
  readonly group: number;
  /** `follower`, `pre-candidate`, `candidate` or `leader`. */
  readonly role: string;
  /** 0: unknown. */
  readonly leader: number;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Entries known to be committed and not yet visible there. */
  readonly lag: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  readonly vshardCount: number;
  readonly incarnation: number;
  readonly quiescent: boolean;
  /** Why the group stopped; null while it runs. */
  readonly stopped: string | null;
}

/** Another node as the asked one sees it. */
export interface PeerReport {
  readonly id: number;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly state: string;
  readonly connected: boolean;
  readonly address: string | null;
  /** Why the last connection ended or could not be made; null while connected. */
  readonly error: string | null;
}

/** All that a node says of itself, with what its host adds (a process id, an HTTP address). */
export interface NodeReport {
  /** 0 until the node has an id. */
  readonly id: number;
  readonly name: string;
  readonly incarnation: string;
  /** 32 hexadecimal digits; null until the node belongs to a cluster. */
  readonly clusterId: string | null;
  readonly addresses: readonly string[];
  readonly lifecycle: string;
  readonly lifecycleDetail: string;
  readonly epoch: number;
  readonly hostEpoch: number;
  readonly metadataIndex: number;
  readonly topologyVersion: number;
  readonly routingVersion: number;
  readonly replicationFactor: number;
  readonly groups: readonly GroupReport[];
  readonly peers: readonly PeerReport[];
  /** What the host of the node adds. */
  readonly [field: string]: unknown;
}

/** A group of the cluster, put together from what all reachable nodes say. */
export interface GroupSummary {
  readonly group: number;
  /** The leader of the highest term that any node knows; undefined: none is known. */
  readonly leader: number | undefined;
  readonly term: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  readonly vshardCount: number;
  /** Each reachable replica's own view, ascending by node. */
  readonly replicas: readonly ({ readonly node: number } & GroupReport)[];
}
