import type { LifecyclePhase } from '../lifecycle/lifecycle-state.js';
import type { RoleName } from '../group/group-status.js';

/** One group as this node sees it. */
export interface GroupReport {
  readonly group: number;
  readonly role: RoleName;
  /** 0: unknown. */
  readonly leader: number;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Entries known to be committed and not yet visible here. */
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

/** Another node as this one sees it. */
export interface PeerReport {
  readonly id: number;
  readonly name: string;
  readonly addresses: readonly string[];
  /** State in the topology: joining, active, draining, decommissioned or learner. */
  readonly state: string;
  readonly connected: boolean;
  /** Address of the connection; null without one. */
  readonly address: string | null;
  /** Why the last connection ended or could not be made; null while connected. */
  readonly error: string | null;
}

/** All that a node knows of itself, with or without a leader anywhere; survives JSON. */
export interface NodeStatus {
  /** 0 until the node has an id. */
  readonly id: number;
  readonly name: string;
  /** 16 hexadecimal digits: minted when the data folder was formatted. */
  readonly incarnation: string;
  /** 32 hexadecimal digits; null until the node belongs to a cluster. */
  readonly clusterId: string | null;
  readonly addresses: readonly string[];
  readonly lifecycle: LifecyclePhase;
  /** Attempt of a join, size of a ready cluster, or reason of a failure, as text. */
  readonly lifecycleDetail: string;
  /** Cluster epoch: acquisitions of group 0's leadership. */
  readonly epoch: number;
  /** Raised at each start of this node. */
  readonly hostEpoch: number;
  /** Group 0's index that topology and routing here reflect. */
  readonly metadataIndex: number;
  readonly topologyVersion: number;
  readonly routingVersion: number;
  readonly replicationFactor: number;
  readonly groups: readonly GroupReport[];
  readonly peers: readonly PeerReport[];
}

/** One named check of readiness, for `/readyz?verbose`. */
export interface ReadinessCheck {
  readonly name: 'lifecycle' | 'storage' | 'metadata' | 'leaders' | 'groups';
  readonly ok: boolean;
  /** What was found, also when it is well. */
  readonly detail: string;
}
