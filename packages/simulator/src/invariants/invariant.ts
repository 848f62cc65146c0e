import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';

/** A rule that must hold at all times. One instance a run. */
export interface Invariant {
  /** Kebab-case, such as `election-safety`. */
  readonly name: string;
  /** Incremental: after each observation, `cluster` being up to date with it. @throws {InvariantViolation} */
  observe?(observation: Observation, cluster: ObservedCluster): void;
  /** Full: every k steps and at the end of the run. @throws {InvariantViolation} */
  check?(cluster: ObservedCluster): void;
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
