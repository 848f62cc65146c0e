import { invariant } from '@flotilla/errors';
import type { HardState } from '@flotilla/raft-core';
import type { Durability } from '../durability.js';
import type { GroupWrite, LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '../log-engine.js';
import { LogShape } from './log-shape.js';

/** What the checks must remember of a group beyond its outline. */
interface Promised {
  hardState: HardState | undefined;
  lastTerm: number;
  lastIndex: number;
}

/**
 * Wraps an engine and asserts its caller's side of the contract: no gap, a group once a batch, no compaction above the mark, terms of
 * entries that never fall, and of hard states the rule of the Raft paper (figure 2, "persistent state"): the term never falls, a vote
 * is never changed within its term, the commit index never falls and never passes the log.
 *
 * @throws {InvariantViolation} from `append` and `recover`: a bug of the caller.
 */
export function checkedLogEngine(engine: LogEngine): LogEngine {
  return new CheckedLogEngine(engine);
}

class CheckedLogEngine implements LogEngine {
  readonly #engine: LogEngine;
  readonly #shape = new LogShape();
  readonly #promised = new Map<number, Promised>();
  #recovered = false;
  #closed = false;

  constructor(engine: LogEngine) {
    this.#engine = engine;
  }

  get durability(): Durability {
    return this.#engine.durability;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    invariant(!this.#recovered, 'recover is called once');
    this.#recovered = true;
    const groups = await this.#engine.recover();
    this.#shape.reset(groups);
    for (const { group, hardState, snapshotMark, entries } of groups) {
      const last = entries.at(-1);
      this.#promised.set(group, {
        hardState,
        lastTerm: last?.term ?? snapshotMark?.term ?? 0,
        lastIndex: last?.index ?? snapshotMark?.index ?? 0,
      });
    }
    return groups;
  }

  async append(batch: LogBatch): Promise<void> {
    invariant(this.#recovered, 'append comes after recover');
    invariant(!this.#closed, 'append comes before close');
    const reason = this.#shape.refusal(batch);
    invariant(reason === undefined, () => `a batch against the contract: ${reason}`);
    this.#shape.take(batch);
    for (const write of batch) this.#check(write);
    await this.#engine.append(batch);
  }

  stats(): LogEngineStats {
    return this.#engine.stats();
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(write: GroupWrite): void {
    const { group, snapshotMark, hardState, entries } = write;
    let promised = this.#promised.get(group);
    if (promised === undefined || write.removed === true) {
      promised = { hardState: undefined, lastTerm: 0, lastIndex: 0 };
      this.#promised.set(group, promised);
    }
    if (snapshotMark !== undefined && (write.resetLog === true || snapshotMark.index > promised.lastIndex)) {
      promised.lastTerm = snapshotMark.term;
      promised.lastIndex = snapshotMark.index;
    }
    checkTerms(group, entries ?? []);
    const last = entries?.at(-1);
    if (last !== undefined) {
      promised.lastTerm = last.term;
      promised.lastIndex = last.index;
    }
    if (hardState === undefined) return;
    checkHardState(group, promised, hardState);
    promised.hardState = hardState;
  }
}

function checkTerms(group: number, entries: NonNullable<GroupWrite['entries']>): void {
  let before = 0;
  for (const { index, term } of entries) {
    invariant(term >= before, () => `group ${group}: entry ${index} has term ${term} after term ${before}`);
    before = term;
  }
}

function checkHardState(group: number, promised: Promised, next: HardState): void {
  const { hardState: before, lastIndex, lastTerm } = promised;
  invariant(
    next.commit <= lastIndex,
    () => `group ${group}: commit ${next.commit} is above the last index ${lastIndex}`,
  );
  invariant(
    next.term >= lastTerm,
    () => `group ${group}: term ${next.term} is below the last entry's term ${lastTerm}`,
  );
  if (before === undefined) return;
  invariant(next.term >= before.term, () => `group ${group}: the term falls from ${before.term} to ${next.term}`);
  invariant(next.commit >= before.commit, () => `group ${group}: commit falls from ${before.commit} to ${next.commit}`);
  invariant(
    next.term > before.term || before.vote === 0 || next.vote === before.vote,
    () => `group ${group}: the vote in term ${next.term} changes from ${before.vote} to ${next.vote}`,
  );
}
