import type { AppliedConfChange, ClusterEvent, Command } from '@flotilla/cluster';
import type { Message, TraceEvent } from '@flotilla/raft-core';
import type { LogBatch, RecoveredGroup } from '@flotilla/storage';
import type { NodeFigures } from './node-figures.js';

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
  /** A message goes onto the wire: whatever it promises must be durable by now. Snapshots, which go as streams, are not among them. */
  | { readonly kind: 'message-leaves'; readonly replica: ReplicaId; readonly message: Message }
  /** What a life found on its disk, before the first event of its replicas. */
  | {
      readonly kind: 'recovered';
      readonly node: string;
      readonly life: number;
      readonly groups: readonly RecoveredGroup[];
    }
  /** A batch was handed to the log, or is durable. */
  | { readonly kind: 'append' | 'durable'; readonly node: string; readonly life: number; readonly batch: LogBatch }
  /** The state machine applied commands, and returned a result for each. */
  | {
      readonly kind: 'applied';
      readonly replica: ReplicaId;
      readonly commands: readonly Command[];
      readonly results: readonly Uint8Array[];
    }
  /** The state machine was given a snapshot. */
  | { readonly kind: 'restored'; readonly replica: ReplicaId }
  /**
   * A digest of the state of a state machine after all commands up to `index`, and none beyond: equal on all replicas of the group. Told a
   * little later than the state was so; all replicas are digested at the same indexes.
   */
  | { readonly kind: 'state'; readonly replica: ReplicaId; readonly index: number; readonly digest: number }
  /** All up to `index` is visible. */
  | { readonly kind: 'watermark'; readonly replica: ReplicaId; readonly index: number }
  | { readonly kind: 'conf-change'; readonly replica: ReplicaId; readonly change: AppliedConfChange }
  | { readonly kind: 'group-opened' | 'group-dropped'; readonly replica: ReplicaId }
  /** A throw stopped one group of a node; the others go on. */
  | { readonly kind: 'group-stopped'; readonly replica: ReplicaId; readonly error: Error }
  /** A client was told that its command stands in the log of a group, and was applied. */
  | {
      readonly kind: 'acknowledged';
      readonly group: number;
      readonly index: number;
      readonly term: number;
      readonly command: Uint8Array;
    }
  | { readonly kind: 'cluster-event'; readonly node: string; readonly life: number; readonly event: ClusterEvent }
  /** What a node says of itself, asked now and then. */
  | { readonly kind: 'polled'; readonly node: string; readonly life: number; readonly figures: NodeFigures }
  | { readonly kind: 'node-started'; readonly node: string; readonly life: number }
  | { readonly kind: 'node-ended'; readonly node: string; readonly life: number; readonly how: NodeEnd };

/** Kinds of observation. */
export type ObservationKind = Observation['kind'];

/** The observation of one kind. */
export type ObservationOf<K extends ObservationKind> = Extract<Observation, { readonly kind: K }>;

/** How a life of a process ended. `power`: with all of its disk that was not synced; `wiped` says that its disk is empty from now on. */
export type NodeEnd = 'stopped' | 'killed' | 'power' | 'wiped';
