import { FlotillaError } from '@flotilla/errors';
import { FAULTS } from './faults/faults.js';
import { INVARIANTS } from './invariants/invariants.js';
import { drawPlan, onlyActions, type PlanOverrides } from './plan/draw-plan.js';
import type { SimulationPlan } from './plan/simulation-plan.js';
import { Simulation, type SimulationResult } from './simulation.js';
import { type SimulateResult, SimulationTally } from './simulation-tally.js';
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
  /** Whether stories are kept of runs without a violation too (default false). */
  readonly story?: boolean;
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

const MINIMISE_RUNS = 60;

/**
 * Runs one simulation for each seed, one after another. Resolves whatever the runs find: a violation is part of the result.
 *
 * @throws {FlotillaError} InvalidArgument for options that make no sense
 */
export async function simulate(options: SimulateOptions): Promise<SimulateResult> {
  checkOptions(options);
  const tally = new SimulationTally();
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
  const first = await runPlan(chosen, options, options.story ?? false);
  if (first.violation === undefined) return first;
  const runsMax = options.minimiseRuns ?? MINIMISE_RUNS;
  return runsMax === 0 ? first : minimised(first, (fewer, story) => runPlan(fewer, options, story), runsMax);
}

/** Runs one plan. */
async function runPlan(
  plan: SimulationPlan,
  { subject, onUnhandled }: SimulateOptions,
  story: boolean,
): Promise<SimulationResult> {
  const run = new Simulation(plan, { subject: subject ?? kvSubject, faults: FAULTS, invariants: INVARIANTS, story });
  const unlisten = onUnhandled?.((error) => run.fail(error));
  const restore = story ? undefined : withoutStackTraces();
  try {
    return await run.run();
  } finally {
    restore?.();
    unlisten?.();
  }
}

/** Errors are many in a run, and nobody reads where they were made but in a story. Until the returned function is called. */
function withoutStackTraces(): () => void {
  const engine = Error as { stackTraceLimit?: number };
  const before = engine.stackTraceLimit;
  engine.stackTraceLimit = 0;
  return () => {
    if (before === undefined) delete engine.stackTraceLimit;
    else engine.stackTraceLimit = before;
  };
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
