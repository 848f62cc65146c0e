import { isFlotillaError } from '@flotilla/errors';
import { Prng } from '@flotilla/runtime/virtual';
import { type FilesCall, type FilesFault, MemoryFiles } from '@flotilla/storage/memory';
import { type Remains, survivalNamed, survivalsOf } from '../survival/survivals.js';
import type { Tally } from '../report/tally.js';
import { runScript, scriptOf, type StorageScript } from './storage-script.js';
import { copyOfTruth, freshTruth, type StorageTruth } from './storage-truth.js';
import { differenceOfFound, look, verifyStorage } from './verify-storage.js';

/** How much of it. */
export interface StorageCrashOptions {
  readonly seed: number;
  /** Rounds of the script. */
  readonly rounds: number;
  /** Survivals tried at each point: all of them where there are no more. */
  readonly survivals: number;
  /** Of so many states at a point, one also suffers a second crash in its recovery. */
  readonly recoveryCrashEvery: number;
}

/** One crash. */
export interface StorageCrashPoint {
  readonly call: number;
  /**
   * `before` the call did anything; `during` it: what it did is done, and not durable yet. A crash after it is one before the
   * next call, with more acknowledged, so the stricter of the two.
   */
  readonly when: 'before' | 'during';
}

/** The disk at a crash point, and what must and may be on it. */
interface CrashState {
  readonly point: StorageCrashPoint;
  readonly files: MemoryFiles;
  readonly truth: StorageTruth;
}

/** Calls whose states are held in memory at a time. */
const WINDOW = 50;

/** Crashes the script at every call of its disk, and at its end. */
export async function storageCrashes(options: StorageCrashOptions, tally: Tally): Promise<void> {
  const script = await scriptOf(options.rounds);
  const calls = await callsOf(script);
  tally.points('storage', 2 * calls + 1, 2 * calls + 1);
  for (let from = 1; from <= calls + 1; from += WINDOW) {
    for (const state of await statesAt(script, (call) => call >= from && call < from + WINDOW)) {
      await crashAt(state, script, options, tally);
    }
  }
}

/** One state of one point, again. */
export async function storageCrash(
  options: StorageCrashOptions,
  point: StorageCrashPoint & { readonly survival: string; readonly second?: number },
  tally: Tally,
): Promise<void> {
  const script = await scriptOf(options.rounds);
  const states = await statesAt(script, (call) => call === point.call);
  const state = states.find(({ point: { when } }) => when === point.when);
  if (state === undefined) throw new RangeError(`there is no call ${point.call}`);
  const remains = { survival: point.survival, files: state.files.fork(survivalNamed(point.survival)) };
  if (point.second === undefined) await verifyOne(state, remains, script, options, tally);
  else await secondCrash(state, remains, script, options, point.second, tally);
}

async function callsOf(script: StorageScript): Promise<number> {
  const files = new MemoryFiles();
  await runScript(script, files, freshTruth());
  return files.calls;
}

/** The disk before and during the chosen calls, and at the end for the call one above the last. */
async function statesAt(script: StorageScript, isChosen: (call: number) => boolean): Promise<CrashState[]> {
  const states: CrashState[] = [];
  const truth = freshTruth();
  const files = new MemoryFiles();
  const note = (call: number, when: 'before' | 'during'): void => {
    if (isChosen(call)) states.push({ point: { call, when }, files: files.fork('process'), truth: copyOfTruth(truth) });
  };
  files.onCall = ({ number }: FilesCall): FilesFault => {
    note(number, 'before');
    // The effect takes place when this returns, the rest of the call after the promise.
    return { kind: 'wait', until: Promise.resolve().then(() => note(number, 'during')) };
  };
  await runScript(script, files, truth);
  note(files.calls + 1, 'before');
  return states;
}

async function crashAt(
  state: CrashState,
  script: StorageScript,
  options: StorageCrashOptions,
  tally: Tally,
): Promise<void> {
  const { call, when } = state.point;
  const prng = new Prng(`${options.seed}/storage/${call}/${when}`);
  const { remains, isComplete } = survivalsOf(state.files, options.survivals, prng);
  tally.survivals('storage', isComplete);
  for (const [at, one] of remains.entries()) {
    await verifyOne(state, one, script, options, tally);
    if ((at + call) % options.recoveryCrashEvery === 0) {
      await secondCrash(state, one, script, options, 1 + prng.integer(0, 60), tally);
    }
  }
}

async function verifyOne(
  { point, truth }: CrashState,
  { survival, files }: Remains,
  script: StorageScript,
  options: StorageCrashOptions,
  tally: Tally,
): Promise<void> {
  const replay = `${commandOf(options, point)} --choices ${survival}`;
  await tally.crashState('storage', replay, () => verifyStorage(files.fork('process'), script, truth));
}

/**
 * The recovery itself is crashed at its n-th call, in each way. After a power cut it must come out the same the second time; after the
 * death of a process the machine may still lose what that one had in flight, as nobody was told that it is there.
 */
async function secondCrash(
  { point, truth }: CrashState,
  { survival, files }: Remains,
  script: StorageScript,
  options: StorageCrashOptions,
  second: number,
  tally: Tally,
): Promise<void> {
  const replay = `${commandOf(options, point)} --choices ${survival} --second ${second}`;
  for (const when of ['before', 'during', 'after'] as const) {
    await tally.crashState('storage', replay, async () => {
      const straight = await look(files.fork('process'), script, truth);
      const cut = files.fork('process');
      cut.onCall = ({ number }) => (number === second ? { kind: 'crash', when } : undefined);
      await look(cut, script, truth).catch((error: unknown) => {
        if (!isFlotillaError(error, 'StorageFailed')) throw error;
      });
      for (const { files: left } of survivalsOf(cut, 4, new Prng(replay)).remains) {
        const difference = differenceOfFound(straight, await look(left, script, truth));
        if (difference !== undefined && survival !== 'process')
          throw new Error(`a crash ${when} call ${second} of the recovery changed ${difference}`);
      }
    });
  }
}

function commandOf({ seed, rounds }: StorageCrashOptions, { call, when }: StorageCrashPoint): string {
  return `--only storage --seed ${seed} --rounds ${rounds} --call ${call} --when ${when}`;
}
