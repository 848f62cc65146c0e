import { invariant } from '@flotilla/errors';
import type { Durability } from '../durability.js';
import type { LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '../log-engine.js';
import { equals } from '@flotilla/bytes';

/**
 * Gives every call to both engines and stops at the first difference: of what they recovered, or of one that took a batch that the
 * other refused. Answers are the first one's.
 *
 * @throws {InvariantViolation} at a difference, with both values in its text.
 */
export function teeLogEngine(first: LogEngine, second: LogEngine): LogEngine {
  return new TeeLogEngine(first, second);
}

class TeeLogEngine implements LogEngine {
  readonly #first: LogEngine;
  readonly #second: LogEngine;

  constructor(first: LogEngine, second: LogEngine) {
    this.#first = first;
    this.#second = second;
  }

  get durability(): Durability {
    return this.#first.durability;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    const [ours, theirs] = await Promise.all([this.#first.recover(), this.#second.recover()]);
    const difference = differenceOf(ours, theirs);
    invariant(difference === undefined, () => `the engines recovered differently: ${difference}`);
    return ours;
  }

  async append(batch: LogBatch): Promise<void> {
    const [ours, theirs] = await Promise.allSettled([this.#first.append(batch), this.#second.append(batch)]);
    invariant(
      ours.status === theirs.status,
      () => `one engine took the batch, the other refused it: ${outcomeOf(ours)} and ${outcomeOf(theirs)}`,
    );
    if (ours.status === 'rejected') throw ours.reason;
  }

  stats(): LogEngineStats {
    return this.#first.stats();
  }

  async close(): Promise<void> {
    await Promise.all([this.#first.close(), this.#second.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function outcomeOf(result: PromiseSettledResult<void>): string {
  return result.status === 'fulfilled' ? 'taken' : `refused by ${String(result.reason)}`;
}

/** The first difference of two recoveries as a text; undefined: they are equal. */
export function differenceOf(ours: readonly RecoveredGroup[], theirs: readonly RecoveredGroup[]): string | undefined {
  const groups = (list: readonly RecoveredGroup[]): string => list.map(({ group }) => group).join(', ');
  if (groups(ours) !== groups(theirs)) return `groups [${groups(ours)}] and [${groups(theirs)}]`;
  for (let i = 0; i < ours.length; i++) {
    const a = ours[i];
    const b = theirs[i];
    if (a === undefined || b === undefined) continue;
    const outline = (group: RecoveredGroup): string =>
      JSON.stringify([group.hardState.term, group.hardState.vote, group.hardState.commit, markOf(group)]);
    if (outline(a) !== outline(b)) return `group ${a.group}: ${outline(a)} and ${outline(b)}`;
    const difference = differenceOfEntries(a, b);
    if (difference !== undefined) return `group ${a.group}: ${difference}`;
  }
  return undefined;
}

function markOf({ snapshotMark }: RecoveredGroup): unknown {
  if (snapshotMark === undefined) return undefined;
  const { voters, learners, votersOutgoing, learnersNext, autoLeave } = snapshotMark.confState;
  return [snapshotMark.index, snapshotMark.term, voters, learners, votersOutgoing, learnersNext, autoLeave];
}

function differenceOfEntries(a: RecoveredGroup, b: RecoveredGroup): string | undefined {
  const range = ({ entries }: RecoveredGroup): string => `${entries[0]?.index ?? 0}..${entries.at(-1)?.index ?? 0}`;
  if (range(a) !== range(b)) return `entries ${range(a)} and ${range(b)}`;
  for (let i = 0; i < a.entries.length; i++) {
    const x = a.entries[i];
    const y = b.entries[i];
    if (x === undefined || y === undefined) continue;
    if (x.index !== y.index || x.term !== y.term || x.type !== y.type || !equals(x.data, y.data)) {
      return `entry ${x.index}: term ${x.term}, type ${x.type}, ${x.data.length} bytes and term ${y.term}, type ${y.type}, ${y.data.length} bytes`;
    }
  }
  return undefined;
}
