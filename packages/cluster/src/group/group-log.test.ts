import { type Entry, EntryType } from '@flotilla/raft-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GroupLog } from './group-log.js';

const CONF = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

function entry(index: number, term: number, bytes = 1): Entry {
  return { index, term, type: EntryType.Normal, data: new Uint8Array(bytes) };
}

function entries(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => entry(first + at, term));
}

function mark(index: number, term: number) {
  return { index, term, confState: CONF };
}

describe('GroupLog', () => {
  test('an empty log begins at 1', () => {
    const log = new GroupLog();
    expect([log.firstIndex(), log.lastIndex(), log.term(0), log.term(1)]).toEqual([1, 0, 0, 'unavailable']);
    expect(log.entries(1, 1, Infinity)).toEqual([]);
    expect(log.entries(1, 2, Infinity)).toBe('unavailable');
    expect(log.snapshot()).toBe('unavailable');
  });

  test('a lower first index replaces the suffix, and bytes follow', () => {
    const log = new GroupLog();
    log.append(entries(1, 5, 1));
    log.append([entry(3, 2, 10)]);
    expect([log.lastIndex(), log.term(2), log.term(3), log.term(4), log.bytes]).toEqual([3, 1, 2, 'unavailable', 12]);
  });

  test('a gap, and an append below the first index, are bugs', () => {
    const log = new GroupLog();
    log.append(entries(1, 3, 1));
    expect(() => log.append([entry(5, 1)])).toThrowError(/append at 5/);
    log.snapshotTaken(mark(2, 1));
    log.compact(2);
    expect(() => log.append([entry(2, 1)])).toThrowError(/append at 2/);
  });

  test('compaction keeps the term of the entry before the first', () => {
    const log = new GroupLog();
    log.append([...entries(1, 3, 1), ...entries(4, 6, 2)]);
    log.snapshotTaken(mark(5, 2));
    log.compact(4);
    expect([log.firstIndex(), log.term(3), log.term(4), log.term(5)]).toEqual([5, 'compacted', 2, 2]);
    expect(log.entries(4, 6, Infinity)).toBe('compacted');
    expect(log.entries(5, 7, Infinity)).toHaveLength(2);
    log.compact(3);
    expect(log.firstIndex()).toBe(5);
  });

  test('compaction never goes beyond the snapshot', () => {
    const log = new GroupLog();
    log.append(entries(1, 6, 1));
    log.snapshotTaken(mark(3, 1));
    expect(() => log.compact(4)).toThrowError(/beyond the snapshot at 3/);
  });

  test('an installed snapshot replaces the log', () => {
    const log = new GroupLog();
    log.append(entries(1, 6, 1));
    log.install(mark(100, 7));
    expect([log.firstIndex(), log.lastIndex(), log.term(100), log.bytes, log.length]).toEqual([101, 100, 7, 0, 0]);
    log.append([entry(101, 7)]);
    expect(log.snapshot()).toMatchObject({ index: 100, term: 7 });
  });

  test('a snapshot from before the last membership change is not offered, and a newer one is asked for', () => {
    const log = new GroupLog();
    log.append(entries(1, 9, 1));
    log.snapshotTaken(mark(4, 1));
    expect(log.snapshot()).toMatchObject({ index: 4 });
    expect(log.takeSnapshotWanted()).toBe(false);
    log.confChanged(6);
    expect(log.snapshot()).toBe('unavailable');
    expect([log.takeSnapshotWanted(), log.takeSnapshotWanted()]).toEqual([true, false]);
    log.snapshotTaken(mark(7, 1));
    expect(log.snapshot()).toMatchObject({ index: 7 });
  });

  test('recovery: entries behind a snapshot, entries that reach below it, none at all', () => {
    const hardState = { term: 3, vote: 1, commit: 5 };
    const behind = new GroupLog({ hardState, snapshot: mark(4, 2), entries: entries(5, 8, 3) });
    expect([behind.firstIndex(), behind.lastIndex(), behind.term(4)]).toEqual([5, 8, 2]);
    const below = new GroupLog({
      hardState,
      snapshot: mark(4, 2),
      entries: [...entries(3, 4, 2), ...entries(5, 8, 3)],
    });
    expect([below.firstIndex(), below.lastIndex(), below.term(3), below.term(4)]).toEqual([4, 8, 2, 2]);
    const none = new GroupLog({ hardState: { ...hardState, commit: 4 }, snapshot: mark(4, 2), entries: [] });
    expect([none.firstIndex(), none.lastIndex(), none.term(4)]).toEqual([5, 4, 2]);
    expect(none.initialState().confState).toEqual(CONF);
  });

  test('recovery of what cannot be is refused: a gap, a commit beyond the end', () => {
    const hardState = { term: 3, vote: 1, commit: 5 };
    expect(() => new GroupLog({ hardState, snapshot: mark(4, 2), entries: entries(6, 8, 3) })).toThrowError(
      /begins at 6/,
    );
    expect(() => new GroupLog({ hardState, snapshot: mark(4, 2), entries: [] })).toThrowError(/commit 5/);
    expect(() => new GroupLog({ hardState, snapshot: undefined, entries: [entry(1, 1), entry(3, 1)] })).toThrowError(
      /entry 3/,
    );
  });

  test('where to cut so that so many entries and bytes stay', () => {
    const log = new GroupLog();
    log.append([entry(1, 1, 10), entry(2, 1, 10), entry(3, 1, 10), entry(4, 1, 10)]);
    expect(log.cutKeeping(2, Infinity)).toBe(2);
    expect(log.cutKeeping(Infinity, 25)).toBe(2);
    expect(log.cutKeeping(100, 1_000)).toBe(0);
    expect(log.cutKeeping(0, 1_000)).toBe(4);
  });

  test('is a plain array of entries with a moving base, whatever is done to it', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), back: fc.nat(5), count: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ kind: fc.constant('compact' as const), keep: fc.nat(8) }),
      fc.record({ kind: fc.constant('install' as const), ahead: fc.integer({ min: 1, max: 9 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new GroupLog();
        let base = 0;
        let baseTerm = 0;
        let model: Entry[] = [];
        let term = 1;
        for (const one of steps) {
          term++;
          if (one.kind === 'append') {
            const first = Math.max(base + 1, base + model.length + 1 - one.back);
            const added = entries(first, first + one.count - 1, term);
            log.append(added);
            model = [...model.slice(0, first - base - 1), ...added];
          } else if (one.kind === 'compact' && model.length > 0) {
            const at = Math.max(base, base + model.length - one.keep);
            if (at > base) {
              const last = model[at - base - 1] as Entry;
              log.snapshotTaken(mark(at, last.term));
              log.compact(at);
              model = model.slice(at - base);
              base = at;
              baseTerm = last.term;
            }
          } else if (one.kind === 'install') {
            base += model.length + one.ahead;
            baseTerm = term;
            model = [];
            log.install(mark(base, term));
          }
          expect([log.firstIndex(), log.lastIndex(), log.term(base)]).toEqual([
            base + 1,
            base + model.length,
            baseTerm,
          ]);
          expect(log.entries(base + 1, base + model.length + 1, Infinity)).toEqual(model);
          expect(log.bytes).toBe(model.length);
        }
      }),
    );
  });
});
