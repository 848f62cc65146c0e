import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyKey, anyWatchedRange } from '../../test/arbitraries.js';
import { compositeRange } from '../store/composite-range.js';
import { WatchIndex } from './watch-index.js';

test('an index finds the ranges that hold a key, each once, after any adding and deleting', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ range: anyWatchedRange, keyspace: fc.constantFrom(0, 1, 300) }), { maxLength: 12 }),
      fc.array(fc.nat(11)),
      fc.array(anyKey, { minLength: 1, maxLength: 6 }),
      (specs, deleted, keys) => {
        const index = new WatchIndex<{ range: ReturnType<typeof compositeRange> }>();
        const watchers = specs.map(({ range, keyspace }) => ({ range: compositeRange(keyspace, range) }));
        for (const watcher of watchers) index.add(watcher);
        for (const at of deleted) if (watchers[at] !== undefined) index.delete(watchers[at]);
        const left = watchers.filter((_, at) => !deleted.includes(at));
        for (const key of keys) {
          for (const keyspace of [0, 1, 300]) {
            const { low } = compositeRange(keyspace, { key, end: undefined });
            const found: unknown[] = [];
            index.match(low, (watcher) => found.push(watcher));
            const expected = left.filter(({ range }) => low >= range.low && low < range.high);
            expect(found.length).toBe(expected.length);
            expect(new Set(found)).toEqual(new Set(expected));
          }
        }
      },
    ),
    { numRuns: 2000 },
  );
});
