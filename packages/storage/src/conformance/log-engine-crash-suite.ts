import { isFlotillaError } from '@flotilla/errors';
import type { FilesFault } from '../memory/files-call.js';
import type { MemoryFiles } from '../memory/memory-files.js';
import {
  type FaultPlan,
  goOn,
  type LogRun,
  type OpenLogEngine,
  prefixOf,
  runWorkload,
  survivalsOf,
  verify,
  verifyRecovery,
} from './log-crash.js';
import { type LogWorkload, randomBatches, scriptedBatches, workloadOf } from './log-workload.js';
import { check, type ConformanceRunner, seededRandom, toError } from './suite.js';

/** What is run. */
export interface LogEngineCrashOptions {
  /** Opens the engine over a tormented disk: with small files, so that the workload fills and reuses them. */
  readonly open: OpenLogEngine;
  /** Rounds of the script; 4. */
  readonly rounds?: number;
  /** Survivals tried at each crash point: all of them where there are no more, else a sample; 6. */
  readonly survivals?: number;
  /** Crash points of random workloads, each of a workload of its own; 30. */
  readonly randomRuns?: number;
}

/**
 * Registers the tests of a LogEngine over Files in the face of crashes: the script is crashed before, during and after every call, with
 * surviving subsets of what was not synced, reopened and compared with the reference engine; each call fails once; each byte
 * is flipped once.
 */
export function logEngineCrashConformance(runner: ConformanceRunner, options: LogEngineCrashOptions): void {
  const { open, rounds = 4, survivals = 6, randomRuns = 30 } = options;
  runner.describe('crashes', () => {
    for (const when of ['before', 'during', 'after'] as const) {
      runner.test(`a crash ${when} any call loses nothing acknowledged and keeps nothing by half`, async () => {
        const workload = await workloadOf(scriptedBatches(rounds));
        await crashEverywhere(open, workload, when, survivals);
      });
    }
    runner.test('random workloads survive crashes at random calls', () => randomCrashes(open, randomRuns, survivals));
    runner.test('what a dead process left in the cache is durable once it was recovered', () => processDeaths(open));
  });
  runner.describe('faults', () => {
    runner.test('a failed call is never followed by a false acknowledgement', () =>
      failEverywhere(open, rounds, 'fail'),
    );
    runner.test('a full disk at any call loses nothing', () => failEverywhere(open, rounds, 'full'));
    runner.test('a flipped bit is harmless or StorageCorrupt, never a wrong log', () => flipEverywhere(open));
  });
}

async function crashEverywhere(
  open: OpenLogEngine,
  workload: LogWorkload,
  when: 'before' | 'during' | 'after',
  survivals: number,
): Promise<void> {
  const random = seededRandom(1);
  const whole = await runWorkload(open, workload);
  if (whole.error !== undefined) throw toError(whole.error);
  check(whole.acknowledged === workload.batches.length, 'the workload does not run to its end without faults');
  for (let call = 1; call <= whole.files.calls; call++) {
    const run = await runWorkload(open, workload, { call, fault: { kind: 'crash', when } });
    await explained(`crash ${when} call ${call} of ${whole.files.calls}`, () =>
      crashOnce(open, workload, run, survivals, random),
    );
  }
}

async function crashOnce(
  open: OpenLogEngine,
  workload: LogWorkload,
  run: LogRun,
  survivals: number,
  random: () => number,
): Promise<void> {
  const list = survivalsOf(run.files, survivals, random);
  const thorough = Math.floor(random() * list.length);
  for (const [at, survival] of list.entries()) {
    const left = run.files.crash(survival);
    if (at === thorough) {
      await verifyRecovery(open, () => left.crash('process'), workload, run, random);
    } else {
      const { batches } = await verify(open, left, workload, run);
      await goOn(open, left.crash('process'), workload, batches, batches + 1);
    }
  }
}

async function randomCrashes(open: OpenLogEngine, runs: number, survivals: number): Promise<void> {
  for (let seed = 1; seed <= runs; seed++) {
    const random = seededRandom(seed);
    const workload = await workloadOf(randomBatches(random, 60));
    const whole = await runWorkload(open, workload);
    if (whole.error !== undefined) throw toError(whole.error);
    const plan: FaultPlan = {
      call: 1 + Math.floor(random() * whole.files.calls),
      fault: { kind: 'crash', when: (['before', 'during', 'after'] as const)[Math.floor(random() * 3)] ?? 'during' },
    };
    const run = await runWorkload(open, workload, plan);
    await explained(`seed ${seed}, call ${plan.call}`, () => crashOnce(open, workload, run, survivals, random));
  }
}

/** The process dies, another recovers what the kernel still holds, then the power fails. */
async function processDeaths(open: OpenLogEngine): Promise<void> {
  const workload = await workloadOf(scriptedBatches(2));
  const whole = await runWorkload(open, workload);
  for (let call = 1; call <= whole.files.calls; call++) {
    const run = await runWorkload(open, workload, { call, fault: { kind: 'crash', when: 'during' } });
    await explained(`process death during call ${call}`, async () => {
      const files = run.files.crash('process');
      const verdict = await verify(open, files, workload, run);
      const after = await verify(open, files.crash('none'), workload, run);
      check(
        after.batches === verdict.batches,
        `${verdict.batches} batches were recovered, ${after.batches} survived the power cut`,
      );
    });
  }
}

/** Each call fails once; what was acknowledged is there afterwards, and what a full disk refused is not. */
async function failEverywhere(open: OpenLogEngine, rounds: number, kind: 'fail' | 'full'): Promise<void> {
  const random = seededRandom(2);
  const workload = await workloadOf(scriptedBatches(rounds));
  const whole = await runWorkload(open, workload);
  let injected = 0;
  for (let call = 1; call <= whole.files.calls; call++) {
    const run = await runWithFault(open, workload, call, kind);
    if (run.error === undefined) continue;
    injected++;
    await explained(`${kind} at call ${call}`, async () => {
      check(
        isFlotillaError(run.error, 'StorageFailed') || isFlotillaError(run.error, 'StorageFull'),
        `a failed call should be StorageFailed or StorageFull: ${String(run.error)}`,
      );
      for (const survival of survivalsOf(run.files, 3, random))
        await verify(open, run.files.crash(survival), workload, run);
      const files = run.files.crash('process');
      const verdict = await verify(open, files, workload, run);
      const after = await verify(open, files.crash('none'), workload, run);
      check(after.batches === verdict.batches, 'what was recovered after the fault did not survive a power cut');
    });
  }
  check(injected > 0, 'no fault was ever felt');
}

async function runWithFault(
  open: OpenLogEngine,
  workload: LogWorkload,
  call: number,
  kind: 'fail' | 'full',
): Promise<LogRun> {
  const afterBytes = kind === 'fail' ? (call % 3) * 512 : 0;
  const fault: FilesFault = { kind: 'fail', afterBytes, ...(kind === 'full' ? { code: 'StorageFull' } : {}) };
  return runWorkload(open, workload, { call, fault });
}

/** Every byte that means something, and a sample of the zeros. */
async function flipEverywhere(open: OpenLogEngine): Promise<void> {
  const workload = await workloadOf(scriptedBatches(1));
  const run = await runWorkload(open, workload);
  if (run.error !== undefined) throw toError(run.error);
  const disk = run.files.crash('none');
  for (const path of disk.paths()) {
    const bytes = disk.peek(path) ?? new Uint8Array(0);
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === 0 && at % 29 !== 0 && isQuiet(bytes, at)) continue;
      const flipped = disk.crash('none');
      flipped.tamper(path, at, Uint8Array.of(byte ^ (1 << (at % 8))));
      await explained(`flip of byte ${at} of ${path}`, () => verifyFlipped(open, flipped, workload));
    }
  }
}

/** Whether the 32 bytes around are zeros, so that one flip stands for its neighbours. */
function isQuiet(bytes: Uint8Array, at: number): boolean {
  return bytes.subarray(Math.max(0, at - 16), at + 16).every((byte) => byte === 0);
}

async function verifyFlipped(open: OpenLogEngine, files: MemoryFiles, workload: LogWorkload): Promise<void> {
  const total = workload.batches.length;
  const engine = await open(files);
  try {
    prefixOf(await engine.recover(), workload, { acknowledged: total, issued: total });
  } catch (error) {
    if (!isFlotillaError(error, 'StorageCorrupt')) throw error;
    check(error.details.path !== '' && error.details.reason !== '', 'StorageCorrupt says where and why');
  } finally {
    await engine.close();
  }
}

async function explained(where: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
