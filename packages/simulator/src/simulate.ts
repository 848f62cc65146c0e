import { FlotillaError } from '@flotilla/errors';
import { FAULTS } from './faults/faults.js';
import { INVARIANTS } from './invariants/invariants.js';
import { drawPlan, onlyActions, type PlanOverrides } from './plan/draw-plan.js';
import type { SimulationPlan } from './plan/simulation-plan.js';
import { Simulation, type SimulationResult } from './simulation.js';
import { minimised } from './story/minimise.js';
import { kvSubject } from './workload/kv-subject.js';
import type { Subject } from './workload/workload.js';

/** Seeds of runs, both ends included. */
export interface SeedRange {
  readonly from: number;
  readonly to: number;
}

/** What `simulate` is to do. */
export interface SimulateOptions extends PlanOverrides {
  readonly seeds: SeedRange;
  /** What is put to the test (default: the key-value store and its clients). */
  readonly subject?: Subject;
  /** Numbers of the actions of the plan that are done, instead of all. */
  readonly only?: readonly number[];
  /** Re-runs that the search for a shorter story of a violation may take (default 60); 0: none. */
  readonly minimiseRuns?: number;
  /** Told of each run as it ends. */
  readonly onRun?: (result: SimulationResult) => void;
  /** No further seed is begun once it is aborted. */
  readonly signal?: AbortSignal;
  /**
   * Listens for rejections that nobody handled, until the returned function is called: how a host tells of them differs. Such a one is a
   * violation of the run in which it came up.
   */
  readonly onUnhandled?: (listener: (error: unknown) => void) => () => void;
}

/** What came of many runs. */
export interface SimulateResult {
  /** Runs made. */
  readonly seeds: number;
  /** Virtual ms of all runs. */
  readonly virtualMs: number;
  readonly operations: number;
  /** How often each kind of fault took effect. */
  readonly counts: ReadonlyMap<string, number>;
  /** Kinds that some plan had actions of, and that never took effect. */
  readonly neverInjected: readonly string[];
  /** Runs with a violation, each with the fewest faults that were found to bring it about, and its story. */
  readonly violations: readonly SimulationResult[];
}

const MINIMISE_RUNS = 60;

/**
 * Runs one simulation for each seed, one after another. Resolves whatever the runs find: a violation is part of the result.
 *
 * @throws {FlotillaError} InvalidArgument for options that make no sense
 */
export async function simulate(options: SimulateOptions): Promise<SimulateResult> {
  checkOptions(options);
  const tally = new Tally();
  for (let seed = options.seeds.from; seed <= options.seeds.to && options.signal?.aborted !== true; seed++) {
    const result = await simulateSeed(seed, options);
    tally.add(result);
    options.onRun?.(result);
  }
  return tally.result();
}

/** One run; where it finds a violation, runs again with fewer faults, and a story. */
async function simulateSeed(seed: number, options: SimulateOptions): Promise<SimulationResult> {
  const plan = drawPlan(seed, FAULTS, options);
  const chosen = options.only === undefined ? plan : onlyActions(plan, options.only);
  const first = await runPlan(chosen, options, false);
  if (first.violation === undefined) return first;
  return minimised(first, (fewer, story) => runPlan(fewer, options, story), options.minimiseRuns ?? MINIMISE_RUNS);
}

/** Runs one plan. */
async function runPlan(
  plan: SimulationPlan,
  { subject, onUnhandled }: SimulateOptions,
  story: boolean,
): Promise<SimulationResult> {
  const run = new Simulation(plan, { subject: subject ?? kvSubject, faults: FAULTS, invariants: INVARIANTS, story });
  const unlisten = onUnhandled?.((error) => run.fail(error));
  try {
    return await run.run();
  } finally {
    unlisten?.();
  }
}

/** Sums of many runs. */
class Tally {
  #seeds = 0;
  #virtualMs = 0;
  #operations = 0;
  readonly #planned = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #violations: SimulationResult[] = [];

  add(run: SimulationResult): void {
    this.#seeds += 1;
    this.#virtualMs += run.virtualMs;
    this.#operations += run.operations;
    for (const { kind } of run.plan.actions) this.#planned.add(kind);
    for (const [kind, count] of run.counts) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    if (run.violation !== undefined) this.#violations.push(run);
  }

  result(): SimulateResult {
    return {
      seeds: this.#seeds,
      virtualMs: this.#virtualMs,
      operations: this.#operations,
      counts: this.#counts,
      neverInjected: [...this.#planned].filter((kind) => !this.#counts.has(kind)),
      violations: this.#violations,
    };
  }
}

function checkOptions({ seeds, nodes, faults, faultsMs }: SimulateOptions): void {
  checkNumber('seeds.from', seeds.from, 0);
  checkNumber('seeds.to', seeds.to, seeds.from);
  if (nodes !== undefined) checkNumber('nodes', nodes, 1);
  if (faultsMs !== undefined) checkNumber('faultsMs', faultsMs, 0);
  for (const kind of faults ?? []) {
    if (FAULTS.some((fault) => fault.kind === kind)) continue;
    throw invalid('faults', `there is no fault ${kind}; there are ${FAULTS.map((fault) => fault.kind).join(', ')}`);
  }
}

function checkNumber(argument: string, value: number, minimum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum) return;
  throw invalid(argument, `${argument} must be a whole number from ${minimum} on, not ${value}`);
}

function invalid(argument: string, reason: string): FlotillaError {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument, reason } });
}
