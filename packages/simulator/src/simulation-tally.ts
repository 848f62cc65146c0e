import type { SimulationResult } from './simulation.js';

/** What came of many runs. */
export interface SimulateResult {
  /** Runs made. */
  readonly seeds: number;
  /** Virtual ms of all runs. */
  readonly virtualMs: number;
  readonly operations: number;
  /** Histories for which the checker came to no verdict within its budget. */
  readonly undecided: number;
  /** How often each kind of fault took effect. */
  readonly counts: ReadonlyMap<string, number>;
  /** Kinds that some plan had actions of, and that never took effect. */
  readonly neverInjected: readonly string[];
  /** Runs with a violation, each with the fewest faults that were found to bring it about, and its story. */
  readonly violations: readonly SimulationResult[];
}

/** Sums of many runs, wherever they were made. */
export class SimulationTally {
  #seeds = 0;
  #virtualMs = 0;
  #operations = 0;
  #undecided = 0;
  readonly #planned = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #violations: SimulationResult[] = [];

  /** Adds a run. */
  add(run: SimulationResult): void {
    this.#seeds += 1;
    this.#virtualMs += run.virtualMs;
    this.#operations += run.operations;
    this.#undecided += run.undecided;
    for (const { kind } of run.plan.actions) this.#planned.add(kind);
    for (const [kind, count] of run.counts) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    if (run.violation !== undefined) this.#violations.push(run);
  }

  /** The sums so far. */
  result(): SimulateResult {
    return {
      seeds: this.#seeds,
      virtualMs: this.#virtualMs,
      operations: this.#operations,
      undecided: this.#undecided,
      counts: this.#counts,
      neverInjected: [...this.#planned].filter((kind) => !this.#counts.has(kind)),
      violations: this.#violations,
    };
  }
}
