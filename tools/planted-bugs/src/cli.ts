import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { ALL_BUGS } from './bugs/all-bugs.js';
import { bundleSuite } from './bundle.js';
import { hunt, type HuntResult } from './hunt.js';
import type { PlantedBug } from './planted-bug.js';
import type { SuiteTask } from './suite/suite-report.js';
import { CRASH_POINTS_ENTRY, type CrashLayer, tryCrashPoints } from './try-crash-points.js';
import { type BugResult, tableEnd, tableHead, tableRow } from './table.js';

/** What the command needs of its surroundings. */
export interface CliHost {
  /** Root of the repository, absolute. */
  readonly root: string;
  readonly print: (line: string) => void;
}

/** Entry of the suite that every bundle is made of. */
export const SUITE_ENTRY = 'tools/planted-bugs/src/suite/suite.ts';

interface Settings {
  readonly only: readonly PlantedBug[];
  readonly list: boolean;
  readonly seeds: number;
  readonly from: number;
  readonly seconds: number;
  readonly jobs: number;
  readonly control: boolean;
  readonly verbose: boolean;
}

/** Runs the command; resolves with its exit code. */
export async function runCli(args: readonly string[], host: CliHost): Promise<number> {
  const program = new Command('npm run planted-bugs --')
    .description(
      'Puts each known bug back into the sources and lets the suite search for it. Exit code 1 where one is missed.',
    )
    .option('--only <names>', 'these bugs, separated by commas', selected, ALL_BUGS)
    .option('--list', 'print the bugs, and run nothing', false)
    .option('--seeds <n>', 'random runs for each bug at most', count, 400)
    .option('--from <seed>', 'first seed', count, 1)
    .option('--seconds <n>', 'processor time for random runs of each bug at most', count, 60)
    .option('--jobs <n>', 'bugs at the same time', count, availableParallelism())
    .option('--no-control', 'do not run the sources as they are')
    .option('--verbose', 'print what was found in full', false);
  program.parse([...args], { from: 'user' });
  const settings = program.opts<Settings>();
  if (!settings.list) return run(settings, host);
  for (const { name, classes, seen } of settings.only) host.print(`${name} (${classes.join(', ')}): ${seen}`);
  return 0;
}

function selected(names: string): readonly PlantedBug[] {
  return names.split(',').map((name) => {
    const bug = ALL_BUGS.find((other) => other.name === name);
    if (bug === undefined) throw new InvalidArgumentError(`There is no planted bug '${name}'; --list prints them.`);
    return bug;
  });
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('It must be a number from 1 on.');
  return value;
}

async function run(settings: Settings, host: CliHost): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'planted-bugs-'));
  try {
    const control = await Control.make(host.root, folder);
    host.print(tableHead());
    const results = await eachOf(settings.only, settings.jobs, async (bug): Promise<BugResult> => {
      const found = { bug, result: await huntFor(bug, folder, settings, host, control) };
      host.print(tableRow(found));
      if (settings.verbose && found.result.kind === 'found') host.print(`    ${found.result.message}`);
      return found;
    });
    const clean = settings.control ? await runControl(results, settings, host, control) : true;
    host.print(tableEnd(results));
    return clean && results.every(({ result }) => result.kind === 'found') ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Searches for a bug: by random runs, then by such with the faults that bring it about, then by its scenario. */
async function huntFor(
  bug: PlantedBug,
  folder: string,
  { seeds, from, seconds }: Settings,
  { root }: CliHost,
  control: Control,
): Promise<HuntResult> {
  const bundle = join(folder, `${bug.name}.mjs`);
  await bundleSuite({ root, entry: SUITE_ENTRY, outfile: bundle, bug });
  const random: SuiteTask = { fromSeed: from, seeds, budgetMs: seconds * 1_000, focus: [], scenarios: [] };
  const tasks = [random];
  if (bug.focus !== undefined) tasks.push({ ...random, focus: bug.focus });
  if (bug.scenario !== undefined) tasks.push({ ...random, seeds: 0, scenarios: [bug.scenario] });
  let result: HuntResult = { kind: 'clean', seeds: 0, seconds: 0 };
  for (const task of tasks) {
    const found = await proven(bundle, task, control);
    result = { ...found, seeds: result.seeds + found.seeds, seconds: result.seconds + found.seconds };
    if (result.kind === 'found') break;
  }
  await rm(bundle);
  if (result.kind === 'found' || bug.crashPoints === undefined) return result;
  const crashes = join(folder, `${bug.name}-crash-points.mjs`);
  await bundleSuite({ root, entry: CRASH_POINTS_ENTRY, outfile: crashes, bug });
  const tried = await tryCrashPoints(crashes, bug.crashPoints);
  await rm(crashes);
  const counts = tried.kind === 'clean' || !(await control.crashPointsFail(bug.crashPoints));
  return counts ? { ...tried, seeds: result.seeds, seconds: result.seconds + tried.seconds } : result;
}

/** What is found on a seed on which the sources as they are fail too proves nothing: the search goes on behind it. */
async function proven(bundle: string, task: SuiteTask, control: Control): Promise<HuntResult> {
  let [seeds, seconds] = [0, 0];
  for (;;) {
    const { fromSeed, budgetMs } = task;
    const rest = { fromSeed: fromSeed + seeds, seeds: task.seeds - seeds, budgetMs: budgetMs - seconds * 1_000 };
    const found = await hunt(bundle, { ...task, ...rest });
    seeds += found.seeds;
    seconds += found.seconds;
    const counts = found.kind === 'clean' || task.seeds === 0 || !(await control.fails(found.seed, task.focus));
    if (counts) return { ...found, seeds, seconds };
  }
}

/** The sources as they are, on all seeds and scenarios that were used: whatever is found there is no planted bug. */
async function runControl(
  results: readonly BugResult[],
  { from, jobs, verbose }: Settings,
  host: CliHost,
  control: Control,
): Promise<boolean> {
  const seeds = Math.max(0, ...results.map(({ result }) => result.seeds));
  const scenarios = [...new Set(results.flatMap(({ bug }) => bug.scenario ?? []))];
  const share = Math.ceil(seeds / jobs);
  const shares = Array.from({ length: jobs }, (_, at): SuiteTask => ({
    fromSeed: from + at * share,
    seeds: Math.max(0, Math.min(share, seeds - at * share)),
    budgetMs: Number.MAX_SAFE_INTEGER,
    focus: [],
    scenarios: at === 0 ? scenarios : [],
  }));
  const found = await eachOf(shares, jobs, (task) => hunt(control.bundle, task));
  for (const result of found) {
    if (result.kind !== 'found') continue;
    host.print(`control: ${result.by} in ${result.part}, seed ${result.seed}, without any bug planted`);
    if (verbose) host.print(`    ${result.message}`);
  }
  const clean = found.every(({ kind }) => kind === 'clean');
  if (clean) host.print(`control: nothing in ${seeds} seeds and ${scenarios.length} scenarios without a bug`);
  return clean;
}

/** The suite over the sources as they are. */
class Control {
  readonly bundle: string;
  readonly #crashPoints: string;
  readonly #layers = new Map<CrashLayer, Promise<boolean>>();
  readonly #verdicts = new Map<string, Promise<boolean>>();

  private constructor(bundle: string, crashPoints: string) {
    this.bundle = bundle;
    this.#crashPoints = crashPoints;
  }

  static async make(root: string, folder: string): Promise<Control> {
    const bundle = join(folder, 'control.mjs');
    await bundleSuite({ root, entry: SUITE_ENTRY, outfile: bundle, bug: undefined });
    const crashPoints = join(folder, 'control-crash-points.mjs');
    await bundleSuite({ root, entry: CRASH_POINTS_ENTRY, outfile: crashPoints, bug: undefined });
    return new Control(bundle, crashPoints);
  }

  /** Whether the crash points of a layer find something though no bug is planted. */
  crashPointsFail(layer: CrashLayer): Promise<boolean> {
    const known = this.#layers.get(layer);
    if (known !== undefined) return known;
    const verdict = tryCrashPoints(this.#crashPoints, layer).then(({ kind }) => kind === 'found');
    this.#layers.set(layer, verdict);
    return verdict;
  }

  /** Whether something is found on a seed though no bug is planted. */
  fails(seed: number, focus: readonly string[]): Promise<boolean> {
    const key = `${seed} ${focus.join(' ')}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const task = { fromSeed: seed, seeds: 1, budgetMs: Number.MAX_SAFE_INTEGER, focus, scenarios: [] };
    const verdict = hunt(this.bundle, task).then(({ kind }) => kind === 'found');
    this.#verdicts.set(key, verdict);
    return verdict;
  }
}

/** Does something with each, so many at a time; results are in the order given. */
async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
