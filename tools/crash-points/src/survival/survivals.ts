import type { Prng } from '@flotilla/runtime/virtual';
import type { CrashChoice, MemoryFiles, MemoryFilesOptions, Survival } from '@flotilla/storage/memory';

/**
 * What survives one crash, as it stands on the command line: `none`, `all` or `process` (see {@link Survival}), or the outcomes of
 * the choices, in the order in which the crash asks for them, joined by commas.
 */
export type SurvivalName = string;

/** What a crash left. */
export interface Remains {
  readonly survival: SurvivalName;
  readonly files: MemoryFiles;
}

/** The survival with this name. Outcomes beyond those named are the durable ones. @throws {RangeError} for what is no name */
export function survivalNamed(name: SurvivalName): Survival {
  if (name === 'none' || name === 'all' || name === 'process') return name;
  const outcomes = name === '' ? [] : name.split(',').map(Number);
  if (!outcomes.every((outcome) => Number.isSafeInteger(outcome) && outcome >= 0))
    throw new RangeError(`'${name}' is none of none, all, process or outcomes such as 0,1,1`);
  return replay(outcomes).survival;
}

/** What survivals there are of a crash now. */
export interface Survivals {
  readonly remains: readonly Remains[];
  /** Whether these are all that there are. */
  readonly isComplete: boolean;
}

/**
 * Crashes a disk in every way where there are no more than `limit` of them, else in `limit` ways: nothing survives, all does, each thing
 * alone, each thing but one (as many of these as fit), and the rest by chance. The death of the process alone comes on top.
 *
 * The disk itself goes on: all are forks.
 */
export function survivalsOf(files: MemoryFiles, limit: number, prng: Prng, options?: MemoryFilesOptions): Survivals {
  const process: Remains = { survival: 'process', files: files.fork('process', options) };
  const all = everySurvival(files, limit, options);
  if (all !== undefined) return { remains: [...all, process], isComplete: true };
  const remains: Remains[] = [process];
  const counts = countsOf(files);
  for (const outcomes of sampleOf(counts, limit, prng)) remains.push(crashed(files, outcomes, options));
  return { remains, isComplete: false };
}

/** Every survival, by going through the tree of choices; undefined where there are more than `limit`. */
function everySurvival(files: MemoryFiles, limit: number, options?: MemoryFilesOptions): Remains[] | undefined {
  let product = 1;
  for (const { count } of files.choices()) {
    product *= count;
    if (product > limit) return undefined;
  }
  const list: Remains[] = [];
  let outcomes: number[] | undefined = [];
  while (outcomes !== undefined) {
    const { survival, asked } = replay(outcomes);
    const left = files.fork(survival, options);
    list.push({ survival: nameOf(asked.map(({ outcome }) => outcome)), files: left });
    outcomes = next(asked);
  }
  return list;
}

/** The leaf after this one in the tree of choices. */
function next(asked: readonly Asked[]): number[] | undefined {
  const outcomes = asked.map(({ outcome }) => outcome);
  for (let at = asked.length - 1; at >= 0; at--) {
    const { outcome, count } = asked[at] as Asked;
    if (outcome + 1 < count) return [...outcomes.slice(0, at), outcome + 1];
  }
  return undefined;
}

interface Asked {
  readonly outcome: number;
  readonly count: number;
}

/** A survival that gives these outcomes in order, then the durable ones, and remembers what it was asked. */
function replay(outcomes: readonly number[]): { survival: (choice: CrashChoice) => number; asked: Asked[] } {
  const asked: Asked[] = [];
  const survival = ({ count }: CrashChoice): number => {
    const outcome = Math.min(outcomes[asked.length] ?? 0, count - 1);
    asked.push({ outcome, count });
    return outcome;
  };
  return { survival, asked };
}

/** How many outcomes each choice has, in the order of a crash in which all that can survive does. */
function countsOf(files: MemoryFiles): number[] {
  const counts: number[] = [];
  files.fork(({ count }) => {
    counts.push(count);
    return count - 1;
  });
  return counts;
}

/** Outcomes to try, none twice. */
function sampleOf(counts: readonly number[], limit: number, prng: Prng): number[][] {
  const newest = counts.map((count) => count - 1);
  const singles = counts.map((_, one) => counts.map((count, at) => (at === one ? count - 1 : 0)));
  const gaps = counts.map((_, one) => counts.map((count, at) => (at === one ? 0 : count - 1)));
  const chosen = [counts.map(() => 0), newest];
  // The first and the last are most likely to be special: a header, the end of a batch.
  const rest = prng.shuffled([...singles.slice(1, -1), ...gaps.slice(1, -1)]);
  chosen.push(...[singles[0], singles.at(-1), gaps[0], gaps.at(-1)].filter((outcomes) => outcomes !== undefined));
  chosen.push(...rest.slice(0, Math.floor(limit / 2)));
  const seen = new Map<string, number[]>();
  for (const outcomes of chosen) if (seen.size < limit) seen.set(nameOf(outcomes), outcomes);
  for (let tries = 0; seen.size < limit && tries < 4 * limit; tries++) {
    const outcomes = counts.map((count) => prng.integer(0, count));
    seen.set(nameOf(outcomes), outcomes);
  }
  return [...seen.values()];
}

function crashed(files: MemoryFiles, outcomes: readonly number[], options?: MemoryFilesOptions): Remains {
  return { survival: nameOf(outcomes), files: files.fork(replay(outcomes).survival, options) };
}

function nameOf(outcomes: readonly number[]): SurvivalName {
  return outcomes.every((outcome) => outcome === 0) ? 'none' : outcomes.join(',');
}
