import { describe, expect, test } from 'vitest';
import { EntryType, type Entry } from './entry.js';
import { entrySize } from './entry-size.js';
import { EMPTY_SNAPSHOT, MemoryStorage } from './memory-storage.js';
import { RaftLog } from './raft-log.js';

const entry = (index: number, term: number, bytes = 0): Entry => ({
  term,
  index,
  type: EntryType.Normal,
  data: new Uint8Array(bytes),
});
const run = (from: number, ...terms: number[]): Entry[] => terms.map((term, at) => entry(from + at, term));

/** A log whose first `stable` entries are in storage. */
function logOf(entries: readonly Entry[], stable: number, limit = Infinity, snapshotIndex = 0): RaftLog {
  const storage = new MemoryStorage();
  if (snapshotIndex > 0) storage.applySnapshot({ ...EMPTY_SNAPSHOT, index: snapshotIndex, term: 1 });
  storage.append(entries.slice(0, stable));
  const log = new RaftLog(storage, limit, 1, undefined);
  log.append(entries.slice(stable));
  return log;
}

const indexes = (entries: readonly Entry[] | undefined): number[] => (entries ?? []).map(({ index }) => index);

describe('maybeAppend (Raft paper, figure 2, AppendEntries)', () => {
  const base = run(1, 1, 2, 3);
  test.each([
    ['no entry at the previous index', 5, 3, run(6, 4), -1, [1, 2, 3]],
    ['another term at the previous index', 3, 2, run(4, 4), -1, [1, 2, 3]],
    ['a heartbeat of sorts', 3, 3, [], 3, [1, 2, 3]],
    ['follows', 3, 3, run(4, 4), 4, [1, 2, 3, 4]],
    ['is there already', 1, 1, run(2, 2), 2, [1, 2, 3]],
    ['is there in part', 2, 2, run(3, 3, 4), 4, [1, 2, 3, 4]],
    ['conflicts', 1, 1, run(2, 4, 4), 3, [1, 4, 4]],
    ['conflicts and is shorter', 1, 1, run(2, 4), 2, [1, 4]],
  ] as const)('%s', (_, index, term, entries, result, terms) => {
    for (const stable of [0, 1, 2, 3]) {
      const log = logOf(base, stable);
      log.commitTo(1);
      expect(log.maybeAppend(index, term, entries)).toBe(result);
      const held = log.slice(1, log.lastIndex + 1, Infinity) ?? [];
      expect(held.map((one) => one.term)).toEqual(terms);
      expect(log.commit).toBe(1);
    }
  });
});

test('a committed entry is never replaced', () => {
  const log = logOf(run(1, 1, 2, 3), 1);
  log.commitTo(2);
  expect(() => log.maybeAppend(1, 1, run(2, 4))).toThrow('would replace committed entries');
});

test('up to date is the later last term, then the longer log (Raft paper, section 5.4.1)', () => {
  const log = logOf(run(1, 1, 2, 3), 1);
  expect([log.isUpToDate(2, 4), log.isUpToDate(4, 2)]).toEqual([true, false]);
  expect([log.isUpToDate(2, 3), log.isUpToDate(3, 3), log.isUpToDate(4, 3)]).toEqual([false, true, true]);
});

test('a conflict is looked for by term: whole terms are skipped', () => {
  const log = logOf(run(1, 2, 2, 5, 5, 5), 2);
  expect([log.findConflictByTerm(5, 5), log.findConflictByTerm(5, 4), log.findConflictByTerm(5, 3)]).toEqual([5, 2, 2]);
  expect([log.findConflictByTerm(5, 2), log.findConflictByTerm(5, 1), log.findConflictByTerm(0, 1)]).toEqual([2, 0, 0]);
});

test('terms below what is kept and above what is there are unknown', () => {
  const log = logOf(run(11, 3, 3), 1, Infinity, 10);
  expect([9, 10, 11, 12, 13].map((index) => log.term(index))).toEqual([-1, 1, 3, 3, -1]);
  expect(log.slice(10, 12, Infinity)).toBe(undefined);
  // Where terms are no longer known, a match is assumed.
  expect(log.findConflictByTerm(9, 1)).toBe(9);
});

describe('slices across storage and the unstable tail', () => {
  const entries = Array.from({ length: 6 }, (_, at) => entry(at + 1, 1, 100));
  const one = entrySize(entry(1, 1, 100));
  test.each([0, 1, 3, 5, 6])('with %i entries durable, limits hold in the same place', (stable) => {
    const log = logOf(entries, stable);
    expect(indexes(log.slice(1, 7, Infinity))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(indexes(log.slice(2, 5, Infinity))).toEqual([2, 3, 4]);
    expect(indexes(log.slice(2, 7, 0))).toEqual([2]);
    for (let limit = 1; limit <= 6; limit++) {
      const wanted = [1, 2, 3, 4, 5, 6].slice(0, limit);
      expect(indexes(log.slice(1, 7, limit * one))).toEqual(wanted);
      expect(indexes(log.slice(1, 7, (limit + 1) * one - 1))).toEqual(wanted);
    }
  });
});

describe('applying', () => {
  const entries = Array.from({ length: 4 }, (_, at) => entry(at + 1, 1, 100));
  const one = entrySize(entry(1, 1, 100));

  test('entries that are not durable here are handed out only where that is allowed', () => {
    const log = logOf(entries, 2);
    log.commitTo(4);
    expect(indexes(log.nextCommitted(false))).toEqual([1, 2]);
    expect(indexes(log.nextCommitted(true))).toEqual([1, 2, 3, 4]);
  });

  test('what is handed out and not applied is limited; the rest waits until all of that is applied', () => {
    const log = logOf(entries, 4, 2 * one);
    log.commitTo(4);
    expect(indexes(log.nextCommitted(true))).toEqual([1, 2]);
    log.acceptApplying(2, 2 * one, true);
    expect(log.hasNextCommitted(true)).toBe(false);
    log.appliedTo(1, one);
    expect(indexes(log.nextCommitted(true))).toEqual([3]);
    log.appliedTo(2, one);
    expect(indexes(log.nextCommitted(true))).toEqual([3, 4]);
  });

  test('nothing is applied while a snapshot waits', () => {
    const log = logOf(entries, 4);
    log.commitTo(4);
    log.restore({ ...EMPTY_SNAPSHOT, index: 9, term: 2 });
    expect([log.commit, log.lastIndex, log.lastTerm, log.firstIndex]).toEqual([9, 9, 2, 10]);
    expect(log.hasNextCommitted(true)).toBe(false);
    log.unstable.stableSnapshotTo(9);
    log.appliedTo(9, 0);
    expect([log.applied, log.applying]).toEqual([9, 9]);
  });

  test('cursors never fall and never pass each other', () => {
    const log = logOf(entries, 4);
    log.commitTo(3);
    log.commitTo(2);
    expect(log.commit).toBe(3);
    expect(() => log.commitTo(5)).toThrow('beyond the last index');
    expect(() => log.appliedTo(4, 0)).toThrow('out of');
    log.appliedTo(2, 0);
    expect(() => log.appliedTo(1, 0)).toThrow('out of');
  });
});
