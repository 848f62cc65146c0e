import { expect, test } from 'vitest';
import { EMPTY_CONFIGURATION } from '../conf-change/configuration.js';
import { EntryType, type Entry } from './entry.js';
import { EMPTY_SNAPSHOT, MemoryStorage } from './memory-storage.js';

const run = (from: number, ...terms: number[]): Entry[] =>
  terms.map((term, at) => ({ term, index: from + at, type: EntryType.Normal, data: new Uint8Array(0) }));

function storage(): MemoryStorage {
  const made = new MemoryStorage();
  made.applySnapshot({ ...EMPTY_SNAPSHOT, index: 3, term: 3 });
  made.append(run(4, 4, 5));
  return made;
}

test('terms and entries are compacted below, unavailable above', () => {
  const made = storage();
  expect([2, 3, 4, 5, 6].map((index) => made.term(index))).toEqual(['compacted', 3, 4, 5, 'unavailable']);
  expect([made.firstIndex(), made.lastIndex()]).toEqual([4, 5]);
  expect(made.entries(3, 5, Infinity)).toBe('compacted');
  expect(made.entries(4, 7, Infinity)).toBe('unavailable');
  expect(made.entries(4, 6, Infinity)).toEqual(run(4, 4, 5));
  expect(made.entries(4, 6, 0)).toEqual(run(4, 4));
});

test('an append replaces the suffix, skips what is compacted, and leaves no gap', () => {
  const made = storage();
  made.append(run(5, 6, 6));
  expect(made.entries(4, 7, Infinity)).toEqual(run(4, 4, 6, 6));
  made.append(run(2, 9, 9, 4));
  expect(made.entries(4, 5, Infinity)).toEqual(run(4, 4));
  expect(made.lastIndex()).toBe(4);
  made.append(run(1, 1, 1));
  expect(made.lastIndex()).toBe(4);
  expect(() => made.append(run(6, 7))).toThrow('leaves a gap');
});

test('a snapshot is made of what is there, and compaction keeps its term', () => {
  const made = storage();
  const snapshot = made.createSnapshot(4, { ...EMPTY_CONFIGURATION, voters: [1] }, new Uint8Array([7]));
  expect([snapshot.index, snapshot.term, made.initialState().confState.voters]).toEqual([4, 4, [1]]);
  expect(() => made.createSnapshot(4, EMPTY_CONFIGURATION, new Uint8Array(0))).toThrow('not newer');
  expect(() => made.createSnapshot(9, EMPTY_CONFIGURATION, new Uint8Array(0))).toThrow('out of the log');
  expect([made.compact(4), made.compact(4)]).toEqual([true, false]);
  expect([made.firstIndex(), made.term(4), made.term(5)]).toEqual([5, 4, 5]);
  expect(() => made.compact(9)).toThrow('beyond the last index');
});

test('an older snapshot does not replace a newer one', () => {
  const made = storage();
  expect(made.applySnapshot({ ...EMPTY_SNAPSHOT, index: 2, term: 2 })).toBe(false);
  expect(made.lastIndex()).toBe(5);
});
