import { type ChildProcess, fork } from 'node:child_process';
import { FAULTS, drawPlan, type PlanOverrides, type SimulationResult } from '@flotilla/simulator';
import { systemRuntime } from '@flotilla/runtime/system';
import type { TortureAnswer, TortureTask } from './torture-worker.js';

/** A run that takes longer than this turns in circles within one turn of its event loop (ms). */
const RUN_MS_MAX = 1_200_000;

/** What a pool works with. */
export interface TorturePoolOptions {
  readonly workers: number;
  readonly overrides: PlanOverrides;
  /** Runs that the search for a shorter story of each violation may take. */
  readonly minimiseRuns: number;
  /** The seed of the next run; undefined: there is none. */
  readonly nextSeed: () => number | undefined;
  /** Told of each run, and of the CPU time that it took, in ms. */
  readonly onRun: (run: SimulationResult, cpuMs: number) => void;
}

/** Processes that make runs side by side, so that one that dies or hangs ends no other. */
export class TorturePool {
  readonly #options: TorturePoolOptions;

  constructor(options: TorturePoolOptions) {
    this.#options = options;
  }

  /** Resolves once there is no further seed and all runs have ended. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#work()));
  }

  async #work(): Promise<void> {
    const { nextSeed, onRun, overrides, minimiseRuns } = this.#options;
    let child: ChildProcess | undefined;
    for (let seed = nextSeed(); seed !== undefined; seed = nextSeed()) {
      child ??= startWorker();
      const outcome = await askWorker(child, { seed, overrides, minimiseRuns });
      if (typeof outcome !== 'string') onRun(outcome.run, outcome.cpuMs);
      else {
        child.kill('SIGKILL');
        child = undefined;
        onRun(lostRun(seed, overrides, outcome), 0);
      }
    }
    if (child?.connected === true) child.disconnect();
  }
}

function startWorker(): ChildProcess {
  return fork(process.argv[1] ?? '', ['worker'], { serialization: 'advanced', execArgv: process.execArgv });
}

/** The run; or in words why the process did not make it. */
function askWorker(child: ChildProcess, task: TortureTask): Promise<TortureAnswer | string> {
  return new Promise((resolve) => {
    const end = (outcome: TortureAnswer | string): void => {
      timer.cancel();
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(outcome);
    };
    const onMessage = (answer: TortureAnswer): void => end(answer);
    const onExit = (code: number | null): void => end(`the process of the run ended with code ${code}`);
    const timer = systemRuntime.setTimer(RUN_MS_MAX, () => end(`the run did not end within ${RUN_MS_MAX} ms`));
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(task);
  });
}

/** A run of which nothing is known but that it did not end. */
function lostRun(seed: number, overrides: PlanOverrides, message: string): SimulationResult {
  return {
    plan: drawPlan(seed, FAULTS, overrides),
    violation: { invariant: 'stuck', message, atMs: 0 },
    hash: '',
    observations: 0,
    virtualMs: 0,
    operations: 0,
    undecided: 0,
    counts: new Map(),
    story: [],
  };
}
