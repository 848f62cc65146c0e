import type { Prng } from '@flotilla/runtime/virtual';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import type { FaultAction } from './fault-action.js';

/** What is known of a run when its faults are drawn. */
export interface FaultScope {
  /** Machines that exist from the start, such as `n1`, `n2`, `n3`. */
  readonly nodes: readonly string[];
  /** Groups, 0 included. */
  readonly groups: number;
  /** How long faults go on, in virtual ms. */
  readonly durationMs: number;
}

/** What a fault strikes. */
export type FaultFamily = 'network' | 'disk' | 'clock' | 'process' | 'membership' | 'snapshot' | 'overload';

/** One kind of fault. Stateless: what it must remember until it is undone lives in the world it was done to. */
export interface Fault {
  /** Kebab-case, such as `one-way-cut`. Counts, stories and plans name it so. */
  readonly kind: string;
  readonly family: FaultFamily;
  /** How long it is, on average, from one occurrence to the next in a run in which the kind is in play, in virtual ms. */
  readonly everyMs: number;
  /** Draws one occurrence; `number` and `atMs` are filled in by the plan. */
  draw(scope: FaultScope, prng: Prng): Omit<FaultAction, 'number' | 'atMs' | 'kind'>;
  /**
   * Does it. Whoever brings about the effect counts it by `cluster.injected(kind)`, once for each action, when it first takes place and not
   * when it was asked for: a sync that was to fail and was never called is no fault. A fault that cannot be done now (its target is
   * down) does nothing.
   */
  inject(cluster: SimulatedCluster, action: FaultAction): void | Promise<void>;
  /** Undoes it, after `durationMs` or when all faults stop. Idempotent. */
  heal?(cluster: SimulatedCluster, action: FaultAction): void | Promise<void>;
}
