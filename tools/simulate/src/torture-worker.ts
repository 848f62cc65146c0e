import { type PlanOverrides, simulate, type SimulationResult } from '@flotilla/simulator';
import { Command } from 'commander';
import { onUnhandledRejection } from './unhandled.js';

/** One piece of work for a worker. */
export interface TortureTask {
  readonly seed: number;
  readonly overrides: PlanOverrides;
  /** Runs that the search for a shorter story may take. */
  readonly minimiseRuns: number;
}

/** What a worker answers. */
export interface TortureAnswer {
  readonly run: SimulationResult;
  /** CPU time of the run, in ms. */
  readonly cpuMs: number;
}

const US_PER_MS = 1_000;

/** `worker`: makes the runs that the parent process asks for, one at a time; not for people. */
export function workerCommand(): Command {
  return new Command('worker').action(async () => {
    await new Promise<void>((resolve) => {
      process.on('disconnect', resolve);
      process.on('message', (task: TortureTask) => void runTask(task));
    });
  });
}

async function runTask({ seed, overrides, minimiseRuns }: TortureTask): Promise<void> {
  const before = process.cpuUsage();
  await simulate({
    ...overrides,
    minimiseRuns,
    seeds: { from: seed, to: seed },
    onUnhandled: onUnhandledRejection,
    onRun: (run) => {
      const { user, system } = process.cpuUsage(before);
      process.send?.({ run, cpuMs: (user + system) / US_PER_MS } satisfies TortureAnswer);
    },
  });
}
