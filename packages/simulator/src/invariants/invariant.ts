import type { TraceKind } from '@flotilla/raft-core';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';

/** A rule that must hold at all times. One instance a run. */
export interface Invariant {
  /** Kebab-case, such as `election-safety`. */
  readonly name: string;
  /**
   * What `observe` needs to hear of: kinds of observation, and kinds of trace event. Without it, everything. Most observations concern few
   * rules, and most of a run's time is spent here.
   */
  readonly hears?: readonly (ObservationKind | TraceKind)[];
  /** Incremental: after each observation, `cluster` being up to date with it. @throws {InvariantViolation} */
  observe?(observation: Observation, cluster: ObservedCluster): void;
  /** Full: every k steps and at the end of the run. @throws {InvariantViolation} */
  check?(cluster: ObservedCluster): void;
  /**
   * What must hold once all is healed and the cluster has come to rest. `core`: the machines that are up and connected with one another, which
   * hold a majority of every group. @throws {InvariantViolation}
   */
  settled?(cluster: ObservedCluster, core: readonly string[]): void;
}

/** A rule was broken. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** Says that a rule was broken. @throws {InvariantViolation} always */
export function violated(invariant: string, message: string): never {
  throw new InvariantViolation(invariant, message);
}
