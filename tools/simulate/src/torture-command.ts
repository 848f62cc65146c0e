import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { type SeedRange, SimulationTally } from '@flotilla/simulator';
import { systemRuntime } from '@flotilla/runtime/system';
import { Command } from 'commander';
import { positiveNumber, seedRange, wholeNumber } from './arguments.js';
import { markdownTable, row, violationText } from './report.js';
import { flagsText, overridesOf, type PlanFlags, withPlanFlags } from './simulate-command.js';
import { TorturePool } from './torture-pool.js';
import { missedFaults } from './verdict.js';

const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;
const PROGRESS_MS = 30_000;
const DATE_LENGTH = '2026-01-01'.length;

interface TortureFlags extends PlanFlags {
  readonly seeds: SeedRange;
  readonly hours?: number;
  readonly simulatedHours?: number;
  readonly cpuMinutes?: number;
  readonly workers: number;
  readonly minimiseRuns: number;
}

/** `torture`: runs seeds on all cores, for hours. */
export function tortureCommand(): Command {
  const command = new Command('torture')
    .description('run many seeds on all cores')
    .option('--seeds <range>', 'seeds such as 1..10000', seedRange, { from: 1, to: 10_000 })
    .option('--hours <hours>', 'begin no further run after so many hours', positiveNumber)
    .option(
      '--simulated-hours <hours>',
      'begin no further run once so many virtual hours are simulated',
      positiveNumber,
    )
    .option('--cpu-minutes <minutes>', 'begin no further run once all together took so much CPU time', positiveNumber)
    .option('--minimise-runs <count>', 'runs that the search for a shorter story may take', wholeNumber, 30)
    .option('--workers <count>', 'processes at once', wholeNumber, availableParallelism());
  return withPlanFlags(command).action(runTorture);
}

async function runTorture(flags: TortureFlags, command: Command): Promise<void> {
  if (flags.workers < 1) command.error('error: --workers needs at least one');
  const endMs = systemRuntime.now() + (flags.hours ?? Infinity) * MS_PER_HOUR;
  const cpuMsMax = (flags.cpuMinutes ?? Infinity) * MS_PER_MINUTE;
  const virtualMsMax = (flags.simulatedHours ?? Infinity) * MS_PER_HOUR;
  const tally = new SimulationTally();
  let next = flags.seeds.from;
  let cpuMsUsed = 0;
  let saidMs = systemRuntime.now();
  const pool = new TorturePool({
    workers: flags.workers,
    overrides: overridesOf(flags),
    minimiseRuns: flags.minimiseRuns,
    nextSeed: () => {
      const isTimeOver = systemRuntime.now() >= endMs || cpuMsUsed >= cpuMsMax;
      const isOver = isTimeOver || tally.result().virtualMs >= virtualMsMax || next > flags.seeds.to;
      return isOver ? undefined : next++;
    },
    onRun: (run, cpuMs) => {
      tally.add(run);
      cpuMsUsed += cpuMs;
      if (run.violation !== undefined) process.stdout.write(violationText(run, flagsText(flags)));
      if (systemRuntime.now() - saidMs < PROGRESS_MS) return;
      saidMs = systemRuntime.now();
      process.stderr.write(`${row(tally.result())}\n`);
    },
  });
  await pool.run();
  const result = tally.result();
  const missed = missedFaults(result, flags.faults);
  for (const kind of missed) process.stdout.write(`fault ${kind} was planned and never took effect\n`);
  const commit = presentCommit();
  const date = new Date(systemRuntime.wallClock()).toISOString().slice(0, DATE_LENGTH);
  process.stdout.write(`${markdownTable(result, { date, commit, command: commandText(flags) })}\n\n${row(result)}\n`);
  process.exitCode = result.violations.length === 0 && missed.length === 0 ? 0 : 1;
}

/** Short hash of the commit that is checked out; empty where there is none. */
function presentCommit(): string {
  const { stdout, status } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
}

function commandText(flags: TortureFlags): string {
  const hours = flags.hours === undefined ? '' : ` --hours ${flags.hours}`;
  const simulated = flags.simulatedHours === undefined ? '' : ` --simulated-hours ${flags.simulatedHours}`;
  const cpu = flags.cpuMinutes === undefined ? '' : ` --cpu-minutes ${flags.cpuMinutes}`;
  return `npm run torture -- --seeds ${flags.seeds.from}..${flags.seeds.to}${hours}${simulated}${cpu}${flagsText(flags)}`;
}
