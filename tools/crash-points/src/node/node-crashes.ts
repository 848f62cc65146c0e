import { Prng } from '@flotilla/runtime/virtual';
import type { MemoryFiles } from '@flotilla/storage/memory';
import type { Tally } from '../report/tally.js';
import { survivalNamed, type SurvivalName } from '../survival/survivals.js';
import { armCrash, type CrashPoint, type Moment, type Step, watchSteps } from './crash-point.js';
import { clusterOf, type Scenario } from './scenario.js';
import type { WriteRegister } from './write-register.js';

/** Added to the seed of a run for the one that goes on with its disks. */
const RECOVERY_SEED = 1_000_003;

/** How much of it. */
export interface NodeCrashOptions {
  readonly seed: number;
  /** Steps of each scenario at which one machine crashes. */
  readonly steps: number;
  /** Steps of each scenario at which the power of all machines fails. */
  readonly powerCuts: number;
  /** Of so many crashes, one is followed by another during the recovery. */
  readonly secondEvery: number;
}

/** Crashes one machine at a time at the steps of a scenario, while the others go on. */
export async function machineCrashes(scenario: Scenario, options: NodeCrashOptions, tally: Tally): Promise<void> {
  const steps = await stepsOf(scenario, options.seed);
  const prng = new Prng(`${options.seed}/machines/${scenario.name}`);
  const chosen = sample(steps, options.steps, prng);
  tally.points(`node, ${scenario.name}, one machine`, chosen.length, steps.length);
  for (const [at, step] of chosen.entries()) {
    const point = drawPoint(step, at, options, prng);
    await machineCrash(scenario, options.seed, point, tally);
  }
}

/** One crash of one machine, again. */
export async function machineCrash(scenario: Scenario, seed: number, point: CrashPoint, tally: Tally): Promise<void> {
  const { step, when, survival, second } = point;
  const replay =
    `--only node --scenario ${scenario.name} --seed ${seed} --node ${step.machine} --${step.kind} ${step.number}` +
    ` --when ${when} --choices ${survival}${second === undefined ? '' : ` --second ${second}`}`;
  await tally.crashState('node', replay, async () => {
    const run = clusterOf(scenario, seed);
    await scenario.prepare(run);
    const { fired } = armCrash(run, point);
    try {
      await scenario.body(run);
      await scenario.finish?.(run);
      if (fired() === undefined) throw new RangeError(`there is no such ${step.kind}`);
      await run.check(scenario.voters, scenario.members);
    } catch (error) {
      throw new Error(`${fired() ?? ''}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    } finally {
      run.end();
    }
  });
}

/** What all disks held at one step, and what had been acknowledged by then. */
interface PowerCut {
  readonly step: Step;
  readonly when: 'before' | 'during';
  readonly disks: ReadonlyMap<string, MemoryFiles>;
  readonly writes: WriteRegister;
}

/** The power of all machines fails at once, at steps of a scenario. */
export async function powerCuts(scenario: Scenario, options: NodeCrashOptions, tally: Tally): Promise<void> {
  const { seed } = options;
  const steps = await stepsOf(scenario, seed);
  const prng = new Prng(`${seed}/power/${scenario.name}`);
  const chosen = sample(steps, options.powerCuts, prng);
  tally.points(`node, ${scenario.name}, power of all`, chosen.length, steps.length);
  for (const cut of await cutsAt(scenario, seed, chosen)) {
    const names = cut.when === 'before' ? ['none'] : ['none', 'all', 'process'];
    for (const survival of [...names, drawOutcomes(prng), drawOutcomes(prng)]) {
      await recoverAll(scenario, seed, cut, survival, tally);
    }
  }
}

/** One power cut of all machines, again. */
export async function powerCut(
  scenario: Scenario,
  seed: number,
  point: Omit<CrashPoint, 'second'>,
  tally: Tally,
): Promise<void> {
  const cuts = await cutsAt(scenario, seed, [point.step]);
  const cut = cuts.find(({ when }) => when === point.when);
  if (cut === undefined) throw new RangeError(`there is no such ${point.step.kind}`);
  await recoverAll(scenario, seed, cut, point.survival, tally);
}

async function recoverAll(
  scenario: Scenario,
  seed: number,
  { step, when, disks, writes }: PowerCut,
  survival: SurvivalName,
  tally: Tally,
): Promise<void> {
  const replay =
    `--only node --scenario ${scenario.name} --seed ${seed} --node all --${step.kind} ${step.machine}:${step.number}` +
    ` --when ${when} --choices ${survival}`;
  await tally.crashState('node', replay, async () => {
    // Another seed: with the chance of the first run its client would come back as the one whose session is in the log.
    const run = clusterOf(scenario, seed + RECOVERY_SEED, { isContinued: true });
    try {
      for (const [name, disk] of disks) run.cluster.node(name).disk.replaceBy(disk.fork(survivalNamed(survival)));
      run.writes = writes.copy();
      run.start();
      await scenario.finish?.(run);
      await run.check(scenario.voters, scenario.members);
    } finally {
      run.end();
    }
  });
}

/** All steps of a scenario in which nothing crashes. */
async function stepsOf(scenario: Scenario, seed: number): Promise<Step[]> {
  const steps: Step[] = [];
  const run = clusterOf(scenario, seed);
  await scenario.prepare(run);
  const stop = watchSteps(run, (step) => {
    steps.push(step);
    return undefined;
  });
  await scenario.body(run);
  stop();
  await run.check(scenario.voters, scenario.members);
  run.end();
  return steps;
}

/** The disks at the chosen steps of a run in which nothing crashes. */
async function cutsAt(scenario: Scenario, seed: number, chosen: readonly Step[]): Promise<PowerCut[]> {
  const wanted = new Set(chosen.map(keyOf));
  const cuts: PowerCut[] = [];
  const run = clusterOf(scenario, seed);
  await scenario.prepare(run);
  const note = (step: Step, when: 'before' | 'during'): void => {
    const disks = new Map([...run.cluster.nodes].map(([name, { disk }]) => [name, disk.files.fork('process')]));
    cuts.push({ step, when, disks, writes: run.writes.copy() });
  };
  const stop = watchSteps(run, (step) => {
    if (!wanted.has(keyOf(step))) return undefined;
    note(step, 'before');
    if (step.kind === 'event') return undefined;
    return { kind: 'wait', until: Promise.resolve().then(() => note(step, 'during')) };
  });
  await scenario.body(run);
  stop();
  run.end();
  return cuts;
}

function keyOf({ machine, kind, number }: Step): string {
  return `${machine} ${kind} ${number}`;
}

function sample<T>(items: readonly T[], count: number, prng: Prng): readonly T[] {
  if (items.length <= count) return items;
  const numbers = prng.shuffled(items.map((_, at) => at)).slice(0, count);
  return numbers.sort((a, b) => a - b).map((at) => items[at] as T);
}

function drawPoint(step: Step, at: number, { secondEvery }: NodeCrashOptions, prng: Prng): CrashPoint {
  const when: Moment = step.kind === 'event' ? 'before' : prng.pick(['before', 'during', 'after'] as const);
  const survival = prng.pick(['none', 'all', 'process', drawOutcomes(prng), drawOutcomes(prng)]);
  return { step, when, survival, ...(at % secondEvery === 0 ? { second: prng.integer(1, 80) } : {}) };
}

/** Outcomes for more choices than a crash has, newest or durable each. */
function drawOutcomes(prng: Prng): SurvivalName {
  return Array.from({ length: 24 }, () => prng.integer(0, 3)).join(',');
}
