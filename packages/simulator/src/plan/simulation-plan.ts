import type { ClusterNodeConfig } from '@flotilla/cluster';
import type { FaultAction } from '../faults/fault-action.js';

/**
 * What a run is meant to show. `safety`: faults strike all machines until all is healed at the end. `liveness`: at the end only a part of the
 * cluster, with a majority of every group, is healed and left alone; all else stays broken, and that part must serve.
 */
export type SimulationMode = 'safety' | 'liveness';

/** How long something takes, in ms, as plain data. */
export type PlannedDelay =
  | { readonly kind: 'none' }
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly minMs: number; readonly maxMs: number }
  | { readonly kind: 'exponential'; readonly minMs: number; readonly meanMs: number; readonly maxMs: number };

/** What clients do. */
export interface WorkloadPlan {
  readonly clients: number;
  /** Mean pause of a client between two operations, in virtual ms. */
  readonly pauseMs: number;
  /** Keys, or whatever stands for them, that clients contend for. */
  readonly keys: number;
  /** Bytes of a value at most. */
  readonly valueBytes: number;
}

/** Parts of the configuration that plans decide. */
export type PlannedConfig = Pick<
  ClusterNodeConfig,
  | 'numGroups'
  | 'replicationFactor'
  | 'tickMs'
  | 'heartbeatMs'
  | 'electionTimeoutMs'
  | 'preVote'
  | 'checkQuorum'
  | 'leaseReads'
  | 'snapshotChunkBytes'
  | 'compaction'
  | 'limits'
>;

/** All that one run does: plain data, a function of the seed and of what a caller overrides. The same plan is the same run. */
export interface SimulationPlan {
  readonly seed: number;
  readonly mode: SimulationMode;
  /** Machines at the start. */
  readonly nodes: number;
  readonly config: PlannedConfig;
  /** Size at which a log begins a new segment, in bytes. */
  readonly segmentBytes: number;
  /** Of messages between machines. */
  readonly latency: PlannedDelay;
  /** Of writes and syncs of a disk. */
  readonly diskLatency: PlannedDelay;
  /** Clocks run fast or slow by so many millionths at most. */
  readonly driftPpmMax: number;
  readonly workload: WorkloadPlan;
  /** How long faults go on, in virtual ms. */
  readonly faultsMs: number;
  /** How many actions the seed drew: `actions` may be a part of them. */
  readonly drawn: number;
  /** Ascending by time. */
  readonly actions: readonly FaultAction[];
}
