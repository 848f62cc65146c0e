/*
 * The suite that searches for planted bugs: bundled with one of them, or none, and run as a process of its own. Its one argument is a task, as
 * JSON; what it says are lines of JSON.
 */
import { type PlanOverrides, simulate, type SimulationResult, type Violation } from '@flotilla/simulator';
import { playScenario } from './scenarios/play-scenario.js';
import type { SuiteReport, SuiteTask } from './suite-report.js';

/** How long faults go on in a short run (virtual ms). */
const SHORT_MS = 20_000;

const task = JSON.parse(process.argv[2] ?? '') as SuiteTask;
let part = task.focus.length === 0 ? 'random' : 'focused';
let seeds = 0;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function report(what: SuiteReport): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

function found(seed: number, violation: Violation): void {
  report({ kind: 'found', part, by: violation.invariant, seed, seeds, cpuMs: cpuMs(), message: violation.message });
}

/** Rejections that nobody handled are violations of the run under way. */
function onUnhandled(listener: (error: unknown) => void): () => void {
  process.on('unhandledRejection', listener);
  process.on('uncaughtException', listener);
  return () => {
    process.off('unhandledRejection', listener);
    process.off('uncaughtException', listener);
  };
}

/** Both kinds of run in turn, and mostly short ones: many beginnings and ends find more in a minute than long ways between them. */
function shapeOf(seed: number): PlanOverrides {
  const mode = seed % 2 === 0 ? 'liveness' : 'safety';
  const focus = task.focus.length === 0 ? {} : { faults: task.focus };
  return seed % 5 === 0 ? { mode, ...focus } : { mode, ...focus, faultsMs: SHORT_MS };
}

async function randomRuns(): Promise<boolean> {
  for (let seed = task.fromSeed; seed < task.fromSeed + task.seeds; seed++) {
    if (cpuMs() > task.budgetMs) break;
    seeds++;
    report({ kind: 'begun', part, seed, seeds });
    let violation: Violation | undefined;
    const onRun = (run: SimulationResult): void => {
      violation = run.violation;
    };
    await simulate({ ...shapeOf(seed), seeds: { from: seed, to: seed }, minimiseRuns: 0, onRun, onUnhandled });
    if (violation !== undefined) {
      found(seed, violation);
      return true;
    }
  }
  return false;
}

async function scenarios(): Promise<boolean> {
  for (const name of task.scenarios) {
    part = name;
    report({ kind: 'begun', part, seed: 0, seeds });
    const violation = await playScenario(name, onUnhandled);
    if (violation !== undefined) {
      found(0, violation);
      return true;
    }
  }
  return false;
}

if (!(await randomRuns()) && !(await scenarios())) report({ kind: 'clean', part, seeds, cpuMs: cpuMs() });
process.exit(0);
