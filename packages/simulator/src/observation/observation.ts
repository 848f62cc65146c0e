import type { AppliedConfChange, ClusterEvent, Command } from '@flotilla/cluster';
import type { HardState, TraceEvent } from '@flotilla/raft-core';
import type { LogBatch, RecoveredGroup } from '@flotilla/storage';

/** One replica of one group, in one life of the process that holds it. */
export interface ReplicaId {
  /** Name of the machine, such as `n1`; it stays when the node on it is wiped and joins under a new id. */
  readonly node: string;
  /** 1 for the first start of a process on the machine. */
  readonly life: number;
  /** Id of the node in its cluster. */
  readonly nodeId: number;
  readonly group: number;
}

/**
 * What was seen to happen, in the order in which it happened. Told synchronously, in the middle of whatever did it: who observes must not
 * call back into a node.
 */
export type Observation =
  /** An event of the core, as it happened. */
  | { readonly kind: 'trace'; readonly replica: ReplicaId; readonly event: TraceEvent }
  /** What a life found on its disk, before the first event of its replicas. */
  | { readonly kind: 'recovered'; readonly node: string; readonly life: number; readonly groups: readonly RecoveredGroup[] }
  /** A batch was handed to the log, or is durable. */
  | { readonly kind: 'append' | 'durable'; readonly node: string; readonly life: number; readonly batch: LogBatch }
  /** The state machine applied commands. */
  | { readonly kind: 'applied'; readonly replica: ReplicaId; readonly commands: readonly Command[] }
  /** The state machine was given a snapshot. */
  | { readonly kind: 'restored'; readonly replica: ReplicaId }
  /** All up to `index` is visible. */
  | { readonly kind: 'watermark'; readonly replica: ReplicaId; readonly index: number }
  | { readonly kind: 'conf-change'; readonly replica: ReplicaId; readonly change: AppliedConfChange }
  | { readonly kind: 'group-opened' | 'group-dropped'; readonly replica: ReplicaId }
  /** A throw stopped one group of a node; the others go on. */
  | { readonly kind: 'group-stopped'; readonly replica: ReplicaId; readonly error: Error }
  | { readonly kind: 'cluster-event'; readonly node: string; readonly life: number; readonly event: ClusterEvent }
  | { readonly kind: 'node-started'; readonly node: string; readonly life: number }
  | { readonly kind: 'node-ended'; readonly node: string; readonly life: number; readonly how: NodeEnd };

/** How a life of a process ended. `power`: with all of its disk that was not synced; `wiped` says that its disk is empty from now on. */
export type NodeEnd = 'stopped' | 'killed' | 'power' | 'wiped';

/** Hard state as the log was last told. */
export type { HardState };
