import { type PlanOverrides, type SeedRange, simulate, type SimulationResult, storyText } from '@flotilla/simulator';
import { Command } from 'commander';
import { systemRuntime } from '@flotilla/runtime/system';
import { actionNumbers, extent, faultKinds, mode, positiveNumber, seedRange, wholeNumber } from './arguments.js';
import { onUnhandledRejection } from './unhandled.js';
import { row, violationText } from './report.js';
import { studyElections, studyGraphs } from './studies.js';
import { missedFaults } from './verdict.js';

const MS_PER_MINUTE = 60_000;

/** Options that change plans: they belong to the line that replays a run. */
export interface PlanFlags {
  readonly mode?: 'safety' | 'liveness';
  readonly nodes?: number;
  readonly faults?: readonly string[];
  readonly faultsMs?: number;
}

interface SimulateFlags extends PlanFlags {
  readonly seed?: number;
  readonly seeds?: SeedRange;
  readonly minutes?: number;
  readonly only?: readonly number[];
  readonly story?: true;
  readonly minimiseRuns?: number;
  readonly graphs?: 'named' | 'all' | true;
  readonly elections?: number;
}

/** Adds the options that change plans. */
export function withPlanFlags(command: Command): Command {
  return command
    .option('--mode <mode>', 'safety or liveness, instead of what each seed draws', mode)
    .option('--nodes <count>', 'machines at the start, instead of what each seed draws', wholeNumber)
    .option(
      '--faults <kinds>',
      'kinds of fault, such as crash,cut, or none; instead of what each seed draws',
      faultKinds,
    )
    .option('--faults-ms <ms>', 'how long faults go on, in virtual ms', wholeNumber);
}

/** What the flags change of every plan. */
export function overridesOf({ mode, nodes, faults, faultsMs }: PlanFlags): PlanOverrides {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(faults === undefined ? {} : { faults }),
    ...(faultsMs === undefined ? {} : { faultsMs }),
  };
}

/** The flags as they were given. */
export function flagsText({ mode, nodes, faults, faultsMs }: PlanFlags): string {
  return [
    mode === undefined ? '' : ` --mode ${mode}`,
    nodes === undefined ? '' : ` --nodes ${nodes}`,
    faults === undefined ? '' : ` --faults ${faults.length === 0 ? 'none' : faults.join(',')}`,
    faultsMs === undefined ? '' : ` --faults-ms ${faultsMs}`,
  ].join('');
}

/** `simulate`: runs seeds in this process. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('run seeds of whole simulated clusters under faults')
    .option('--seed <seed>', 'one seed', wholeNumber)
    .option('--seeds <range>', 'seeds such as 1..20 (default 1..20)', seedRange)
    .option('--minutes <minutes>', 'go on with further seeds for so long', positiveNumber)
    .option('--only <actions>', 'with --seed: only these faults of its plan, such as 3,7, or none', actionNumbers)
    .option('--minimise-runs <count>', 'runs that the search for a shorter story may take (default 60)', wholeNumber)
    .option('--story', 'with --seed: print what happened even when nothing was violated');
  command
    .option(
      '--graphs [extent]',
      'instead of seeds: all cuts of the links of three machines, and graphs of five; or all',
      extent,
    )
    .option(
      '--elections <count>',
      'instead of seeds: so many elections beside each figure of the Raft thesis',
      wholeNumber,
    );
  return withPlanFlags(command).action(runSimulate);
}

async function runSimulate(flags: SimulateFlags, command: Command): Promise<void> {
  checkTogether(flags, command);
  const { graphs, elections, seed } = flags;
  if (graphs !== undefined) process.exitCode = await studyGraphs(graphs === 'all' ? 'all' : 'named', seed ?? 1);
  if (elections !== undefined) process.exitCode ||= await studyElections(elections, seed ?? 1);
  if (graphs === undefined && elections === undefined) await runSeeds(flags);
}

async function runSeeds(flags: SimulateFlags): Promise<void> {
  const abort = new AbortController();
  const timer =
    flags.minutes === undefined
      ? undefined
      : systemRuntime.setTimer(flags.minutes * MS_PER_MINUTE, () => abort.abort());
  const result = await simulate({
    ...overridesOf(flags),
    seeds: seedsOf(flags),
    ...(flags.only === undefined ? {} : { only: flags.only }),
    ...(flags.story === undefined ? {} : { story: flags.story }),
    ...(flags.minimiseRuns === undefined ? {} : { minimiseRuns: flags.minimiseRuns }),
    signal: abort.signal,
    onUnhandled: onUnhandledRejection,
    onRun: (run) => process.stdout.write(runText(run, flags)),
  });
  timer?.cancel();
  const missed = missedFaults(result, flags.faults);
  for (const kind of missed) process.stdout.write(`fault ${kind} was planned and never took effect\n`);
  process.stdout.write(`${row(result)}\n`);
  process.exitCode = result.violations.length === 0 && missed.length === 0 ? 0 : 1;
}

function seedsOf({ seed, seeds, minutes }: SimulateFlags): SeedRange {
  if (seed !== undefined) return { from: seed, to: seed };
  if (minutes === undefined) return seeds ?? { from: 1, to: 20 };
  return { from: seeds?.from ?? 1, to: seeds?.to ?? Number.MAX_SAFE_INTEGER };
}

function checkTogether({ seed, seeds, minutes, only, story, elections }: SimulateFlags, command: Command): void {
  if (elections === 0) command.error('error: --elections needs at least one');
  if (seed !== undefined && (seeds !== undefined || minutes !== undefined)) {
    command.error('error: --seed is one run; give --seeds or --minutes for many');
  }
  if (seed === undefined && (only !== undefined || story !== undefined)) {
    command.error('error: --only and --story belong to one run: give --seed too');
  }
}

function runText(run: SimulationResult, flags: SimulateFlags): string {
  if (run.violation !== undefined) return violationText(run, flagsText(flags));
  if (flags.story === true) return `${storyText(run)}\n`;
  return flags.seed === undefined ? '' : `seed ${run.plan.seed} hash ${run.hash}\n`;
}
