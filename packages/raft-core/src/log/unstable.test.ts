import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../trace/trace-event.js';
import { TraceKind } from '../trace/trace-kind.js';
import { EntryType, type Entry } from './entry.js';
import { EMPTY_SNAPSHOT } from './memory-storage.js';
import { Unstable } from './unstable.js';

const entry = (index: number, term: number): Entry => ({
  term,
  index,
  type: EntryType.Normal,
  data: new Uint8Array(0),
});
const run = (from: number, ...terms: number[]): Entry[] => terms.map((term, at) => entry(from + at, term));

function unstable(offset: number, entries: readonly Entry[], inProgress = 0): { it: Unstable; events: TraceEvent[] } {
  const events: TraceEvent[] = [];
  const it = new Unstable(offset, 1, (event) => events.push(event));
  it.truncateAndAppend(entries, 0);
  it.offsetInProgress = offset + inProgress;
  events.length = 0;
  return { it, events };
}

const shape = (it: Unstable): string =>
  `${it.offset}/${it.offsetInProgress}: ${it.entries.map(({ index, term }) => `${term}.${index}`).join(' ')}`;

describe('stableTo', () => {
  test.each([
    ['the first of two', run(5, 1, 1), 1, 5, 1, '6/6: 1.6', undefined],
    ['both', run(5, 1, 1), 2, 6, 1, '7/7: ', undefined],
    ['before the write was handed out', run(5, 1), 0, 5, 1, '6/6: ', undefined],
    ['an older index', run(5, 1), 0, 4, 1, '5/5: 1.5', 'missing'],
    ['an index that is not there yet', run(5, 1), 0, 7, 1, '5/5: 1.5', 'missing'],
    ['replaced since by a later leader (the ABA of the log)', run(5, 2), 1, 5, 1, '5/6: 2.5', 'mismatch'],
  ] as const)('%s', (_, entries, inProgress, index, term, after, reason) => {
    const { it, events } = unstable(5, entries, inProgress);
    it.stableTo(index, term);
    expect(shape(it)).toBe(after);
    expect(events.map((event) => (event.kind === TraceKind.StableIgnored ? event.reason : event.kind))).toEqual(
      reason === undefined ? [] : [reason],
    );
  });

  test('an index that is the snapshot, not an entry, is ignored', () => {
    const { it, events } = unstable(5, []);
    it.restore({ ...EMPTY_SNAPSHOT, index: 9, term: 3 });
    it.stableTo(9, 3);
    expect(it.snapshot?.index).toBe(9);
    expect(events).toMatchObject([{ kind: TraceKind.StableIgnored, reason: 'snapshot' }]);
  });
});

describe('truncateAndAppend', () => {
  test.each([
    ['follows the tail', run(5, 1), 1, run(6, 1), '5/6: 1.5 1.6', []],
    ['replaces all', run(5, 1, 1), 2, run(5, 2), '5/5: 2.5', [TraceKind.UnstableReplaced]],
    ['replaces what is durable too', run(5, 1), 1, run(3, 2, 2), '3/3: 2.3 2.4', [TraceKind.UnstableReplaced]],
    [
      'replaces a part that is not being written',
      run(5, 1, 1, 1),
      1,
      run(6, 2),
      '5/6: 1.5 2.6',
      [TraceKind.UnstableTruncated],
    ],
    [
      'replaces a part that is being written',
      run(5, 1, 1, 1),
      3,
      run(6, 2),
      '5/6: 1.5 2.6',
      [TraceKind.UnstableTruncated],
    ],
  ] as const)('%s', (_, entries, inProgress, added, after, kinds) => {
    const { it, events } = unstable(5, entries, inProgress);
    it.truncateAndAppend(added, 0);
    expect(shape(it)).toBe(after);
    expect(events.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('a gap is a bug', () => {
    const { it } = unstable(5, run(5, 1));
    expect(() => it.truncateAndAppend(run(7, 1), 0)).toThrow('leaves a gap');
  });
});

describe('handing out', () => {
  test('entries are handed out once, and stay until they are durable', () => {
    const { it } = unstable(5, run(5, 1, 1));
    expect(it.next()).toEqual(run(5, 1, 1));
    it.accept();
    expect([it.hasNext, it.next()]).toEqual([false, []]);
    it.truncateAndAppend(run(7, 1), 0);
    expect(it.next()).toEqual(run(7, 1));
    expect(it.term(5)).toBe(1);
  });

  test('what was handed out does not change afterwards', () => {
    const { it } = unstable(5, run(5, 1, 1));
    const handed = it.next();
    it.accept();
    it.truncateAndAppend(run(6, 2), 0);
    expect(handed).toEqual(run(5, 1, 1));
  });

  test('a snapshot takes the place of everything, and is handed out once', () => {
    const { it } = unstable(5, run(5, 1, 1), 1);
    it.restore({ ...EMPTY_SNAPSHOT, index: 20, term: 4 });
    expect([shape(it), it.lastIndex, it.term(20), it.term(5)]).toEqual(['21/21: ', 20, 4, -1]);
    expect(it.hasNextSnapshot).toBe(true);
    it.accept();
    expect(it.hasNextSnapshot).toBe(false);
    it.stableSnapshotTo(19);
    expect(it.snapshot?.index).toBe(20);
    it.stableSnapshotTo(20);
    expect(it.snapshot).toBe(undefined);
  });
});
