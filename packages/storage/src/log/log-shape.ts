import type { Entry, HardState } from '@flotilla/raft-core';
import type { GroupWrite, LogBatch, RecoveredGroup, SnapshotMark } from '../log-engine.js';

/** The outline of one group's log: what decides whether a write fits. */
interface GroupShape {
  /** Index of the first entry held, or of the next one where none is. */
  first: number;
  /** Index of the next entry: one past the last held. Above the mark's index, always. */
  next: number;
  /** The snapshot mark's index; 0: none. */
  mark: number;
}

const FRESH: Readonly<GroupShape> = { first: 1, next: 1, mark: 0 };

/**
 * The outlines of all groups of a log as the appends so far leave them: says why a batch breaks the contract of
 * LogEngine, in time that grows with the batch alone.
 */
export class LogShape {
  readonly #groups = new Map<number, GroupShape>();

  /** Starts from what recovery found. */
  reset(groups: Iterable<Pick<RecoveredGroup, 'group' | 'snapshotMark' | 'entries'>>): void {
    this.#groups.clear();
    for (const { group, snapshotMark, entries } of groups) {
      const mark = snapshotMark?.index ?? 0;
      const first = entries[0]?.index ?? mark + 1;
      this.#groups.set(group, { first, next: first + entries.length, mark });
    }
  }

  /** Starts from outlines. */
  resetTo(groups: Iterable<readonly [group: number, first: number, next: number, mark: number]>): void {
    this.#groups.clear();
    for (const [group, first, next, mark] of groups) this.#groups.set(group, { first, next, mark });
  }

  /** Why the batch is refused; undefined: it fits, and `take` may follow. */
  refusal(batch: LogBatch): string | undefined {
    for (let i = 0; i < batch.length; i++) {
      const write = batch[i];
      const reason = write === undefined ? `write ${i} is missing` : this.#refusal(write);
      if (reason !== undefined) return reason;
    }
    if (batch.length > 1 && new Set(batch.map((write) => write.group)).size < batch.length) {
      return 'a group stands in the batch twice';
    }
    return undefined;
  }

  /** The outlines become those after a batch that was not refused. */
  take(batch: LogBatch): void {
    for (let i = 0; i < batch.length; i++) {
      const write = batch[i];
      if (write !== undefined) this.#apply(write);
    }
  }

  #refusal(write: GroupWrite): string | undefined {
    const { group, snapshotMark, hardState, entries, compactTo } = write;
    if (!isCount(group)) return `group ${group} is not a safe integer from 0 on`;
    const held = write.removed === true ? FRESH : (this.#groups.get(group) ?? FRESH);
    let { first, next, mark } = held;
    if (snapshotMark !== undefined) {
      const reason = refusalOfMark(snapshotMark);
      if (reason !== undefined) return `group ${group}: ${reason}`;
      if (snapshotMark.index < mark)
        return `group ${group}: snapshot mark ${snapshotMark.index} is below the mark ${mark}`;
      if (next > first && next <= snapshotMark.index && write.resetLog !== true) {
        return `group ${group}: entries end at ${next - 1}, below the snapshot mark ${snapshotMark.index}, and the log is not reset`;
      }
      mark = snapshotMark.index;
      if (next === first) first = next = mark + 1;
    }
    if (write.resetLog === true) first = next = mark + 1;
    if (hardState !== undefined && !isHardState(hardState)) return `group ${group}: malformed hard state`;
    const firstNew = entries?.[0];
    if (entries !== undefined && firstNew !== undefined) {
      const reason = refusalOfEntries(entries, firstNew.index);
      if (reason !== undefined) return `group ${group}: ${reason}`;
      if (firstNew.index > next) return `group ${group}: entry ${firstNew.index} leaves a gap after ${next - 1}`;
      if (firstNew.index < first)
        return `group ${group}: entry ${firstNew.index} replaces what is compacted up to ${first - 1}`;
      next = firstNew.index + entries.length;
      if (next <= mark) return `group ${group}: entries would end at ${next - 1}, below the snapshot mark ${mark}`;
    }
    if (compactTo !== undefined && !(isCount(compactTo) && compactTo <= mark)) {
      return `group ${group}: compaction to ${compactTo} is above the snapshot mark ${mark}`;
    }
    return undefined;
  }

  #apply(write: GroupWrite): void {
    const { group, snapshotMark, entries, compactTo } = write;
    let shape = this.#groups.get(group);
    if (shape === undefined) this.#groups.set(group, (shape = { ...FRESH }));
    if (write.removed === true) Object.assign(shape, FRESH);
    if (snapshotMark !== undefined) {
      shape.mark = snapshotMark.index;
      if (shape.next === shape.first) shape.first = shape.next = shape.mark + 1;
    }
    if (write.resetLog === true) shape.first = shape.next = shape.mark + 1;
    const firstNew = entries?.[0];
    if (entries !== undefined && firstNew !== undefined) shape.next = firstNew.index + entries.length;
    if (compactTo !== undefined) shape.first = Math.max(shape.first, compactTo + 1);
    if (write.removed === true && isFresh(shape)) this.#groups.delete(group);
  }
}

function isFresh(shape: GroupShape): boolean {
  return shape.next === 1 && shape.mark === 0;
}

function refusalOfEntries(entries: readonly Entry[], first: number): string | undefined {
  if (!isCount(first) || first === 0) return `entry index ${first} is not a safe integer from 1 on`;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i];
    if (entry === undefined || entry.index !== first + i)
      return `entry ${entry?.index} stands where ${first + i} is due`;
    if (!isCount(entry.term)) return `entry ${entry.index} has term ${entry.term}`;
    if (!(entry.type >= 0 && entry.type <= 255)) return `entry ${entry.index} has type ${entry.type}`;
    if (!(entry.data instanceof Uint8Array)) return `the data of entry ${entry.index} is not a Uint8Array`;
  }
  return undefined;
}

function refusalOfMark(mark: SnapshotMark): string | undefined {
  const { voters, learners, votersOutgoing, learnersNext } = mark.confState;
  if (!isCount(mark.index) || !isCount(mark.term)) return `malformed snapshot mark ${mark.index} in term ${mark.term}`;
  for (const ids of [voters, learners, votersOutgoing, learnersNext]) {
    if (!ids.every(isCount)) return `malformed configuration in the snapshot mark ${mark.index}`;
  }
  return undefined;
}

function isHardState(hardState: HardState): boolean {
  return isCount(hardState.term) && isCount(hardState.vote) && isCount(hardState.commit);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
