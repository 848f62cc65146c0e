import { isFlotillaError } from '@flotilla/errors';
import type { LogEngine, RecoveredGroup } from '../log-engine.js';
import { differenceOf } from '../log/tee-log-engine.js';
import type { FilesCall, FilesFault } from '../memory/files-call.js';
import { MemoryFiles } from '../memory/memory-files.js';
import { randomSurvival, type Survival } from '../memory/survival.js';
import type { LogWorkload } from './log-workload.js';
import { check } from './suite.js';

/** Opens an engine over a disk; the same way each time, as a restarted process would. */
export type OpenLogEngine = (files: MemoryFiles) => Promise<LogEngine>;

/** How a run of a workload ended. */
export interface LogRun {
  readonly files: MemoryFiles;
  /** Batches that were resolved: they must be there. */
  readonly acknowledged: number;
  /** Batches that were handed over: they may be there. */
  readonly issued: number;
  /** The error that stopped it, if any. */
  readonly error: unknown;
}

/** Where a run is to suffer what. */
export interface FaultPlan {
  readonly call: number;
  readonly fault: FilesFault;
}

/**
 * Runs a workload on a fresh disk, up to three batches in flight at a time, until its end or the first error. The engine is
 * closed at the end, so that what it does in the background is part of the run.
 */
export async function runWorkload(open: OpenLogEngine, workload: LogWorkload, plan?: FaultPlan): Promise<LogRun> {
  const onCall = (call: FilesCall): FilesFault | undefined => (call.number === plan?.call ? plan.fault : undefined);
  const files = new MemoryFiles({ onCall });
  let acknowledged = 0;
  let issued = 0;
  let error: unknown;
  try {
    const engine = await open(files);
    try {
      await engine.recover();
      while (issued < workload.batches.length) {
        const flight: Promise<void>[] = [];
        const width = 1 + (issued % 3);
        for (const batch of workload.batches.slice(issued, issued + width)) {
          issued++;
          const position = issued;
          flight.push(
            engine.append(batch).then(() => {
              check(acknowledged === position - 1, `batch ${position} resolved after batch ${acknowledged}`);
              acknowledged = position;
            }),
          );
        }
        const outcomes = await Promise.allSettled(flight);
        const refused = outcomes.find((outcome) => outcome.status === 'rejected');
        if (refused !== undefined) throw refused.reason;
      }
    } finally {
      await engine.close();
    }
  } catch (caught) {
    error = caught;
  }
  return { files, acknowledged, issued, error };
}

/** Every survival of a crash now where these are few, else a sample by chance with the extremes. */
export function survivalsOf(files: MemoryFiles, limit: number, random: () => number): Survival[] {
  const choices = files.choices();
  let count = 1;
  for (const choice of choices) count = Math.min(limit + 1, count * choice.count);
  if (count <= limit) {
    return Array.from({ length: count }, (_, number) => {
      let rest = number;
      const outcomes = choices.map((choice) => {
        const outcome = rest % choice.count;
        rest = Math.floor(rest / choice.count);
        return outcome;
      });
      return inOrder(outcomes);
    });
  }
  const list: Survival[] = ['none', 'all'];
  while (list.length < limit) list.push(randomSurvival(random));
  return list;
}

/** Gives the outcomes in the order in which a crash asks, which is that of `choices`. */
function inOrder(outcomes: readonly number[]): Survival {
  let at = 0;
  return () => outcomes[at++ % Math.max(1, outcomes.length)] ?? 0;
}

/** What a log holds after a crash, and how many batches that is. */
export interface Verdict {
  readonly batches: number;
  readonly groups: readonly RecoveredGroup[];
}

/**
 * Opens the log on what a crash left and compares it with the workload: every acknowledged batch is there, batches are there in
 * order, none by half, and nothing else.
 */
export async function verify(
  open: OpenLogEngine,
  files: MemoryFiles,
  workload: LogWorkload,
  run: LogRun,
): Promise<Verdict> {
  const engine = await open(files);
  let groups: readonly RecoveredGroup[];
  try {
    groups = await engine.recover();
  } finally {
    await engine.close();
  }
  return { groups, batches: prefixOf(groups, workload, run) };
}

/** Which prefix of the workload these groups are. */
export function prefixOf(
  groups: readonly RecoveredGroup[],
  workload: LogWorkload,
  { acknowledged, issued }: Pick<LogRun, 'acknowledged' | 'issued'>,
): number {
  for (let batches = issued; batches >= acknowledged; batches--) {
    const state = workload.states[batches];
    if (state !== undefined && differenceOf(groups, state) === undefined) return batches;
  }
  const difference = differenceOf(groups, workload.states[acknowledged] ?? []);
  throw new Error(
    `what was recovered is no prefix of ${acknowledged} to ${issued} batches; from the first of these it differs in: ${difference}`,
  );
}

/**
 * The recovered log stays what it is: in the face of crashes at every call of a recovery, of a power cut right after one, and of
 * appends that go on from there.
 */
export async function verifyRecovery(
  open: OpenLogEngine,
  left: () => MemoryFiles,
  workload: LogWorkload,
  run: LogRun,
  random: () => number,
): Promise<void> {
  const files = left();
  const verdict = await verify(open, files, workload, run);
  const again = await verify(open, files.crash('none'), workload, run);
  check(again.batches === verdict.batches, 'a power cut right after recovery took batches away');
  const calls = files.calls;
  const at = 1 + Math.floor(random() * calls);
  for (const when of ['before', 'during', 'after'] as const) {
    const cut = left();
    cut.onCall = (call) => (call.number === at ? { kind: 'crash', when } : undefined);
    await verify(open, cut, workload, run).catch((error: unknown) => {
      if (!isFlotillaError(error, 'StorageFailed')) throw error;
    });
    const resumed = await verify(open, cut.crash(randomSurvival(random)), workload, run);
    check(
      resumed.batches === verdict.batches,
      `a crash ${when} call ${at} of a recovery changed ${verdict.batches} batches to ${resumed.batches}`,
    );
  }
  await goOn(open, left(), workload, verdict.batches, workload.batches.length);
}

/** Appends batches `from` to `until` of the workload to what a crash left, and looks again. */
export async function goOn(
  open: OpenLogEngine,
  files: MemoryFiles,
  workload: LogWorkload,
  from: number,
  until: number,
): Promise<void> {
  const engine = await open(files);
  try {
    await engine.recover();
    for (const batch of workload.batches.slice(from, until)) await engine.append(batch);
  } finally {
    await engine.close();
  }
  const held = Math.min(until, workload.batches.length);
  const left = files.crash('none');
  await verify(open, left, workload, { files: left, acknowledged: held, issued: held, error: undefined });
}
