import { type AppendWork, createMessage, type Entry, EntryType, type Message, MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { AppendQueue } from './append-queue.js';

const CONF = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

function entries(first: number, last: number, term: number): Entry[] {
  return Array.from({ length: last - first + 1 }, (_, at) => ({
    index: first + at,
    term,
    type: EntryType.Normal,
    data: new Uint8Array(1),
  }));
}

function response(index: number): Message {
  return createMessage({ type: MessageType.AppResp, to: 2, from: 1, term: 1, index });
}

function work(part: Partial<AppendWork>): AppendWork {
  return { entries: [], hardState: undefined, snapshot: undefined, responses: [], ...part };
}

function hard(term: number, vote: number, commit: number) {
  return { term, vote, commit };
}

function shape(queue: AppendQueue): unknown {
  return queue.take().writes.map(({ entries: written, ...rest }) => ({
    ...rest,
    ...(written === undefined ? {} : { entries: written.map(({ index, term }) => `${term}/${index}`) }),
  }));
}

describe('queued appends merge in order', () => {
  test('the last hard state wins, later entries follow, a lower first index replaces the suffix', () => {
    const queue = new AppendQueue();
    queue.add(1, work({ entries: entries(1, 4, 1), hardState: hard(1, 1, 0) }));
    queue.add(1, work({ entries: entries(5, 6, 1) }));
    queue.add(1, work({ entries: entries(4, 5, 2), hardState: hard(2, 0, 3) }));
    expect(shape(queue)).toEqual([
      { group: 1, hardState: hard(2, 0, 3), entries: ['1/1', '1/2', '1/3', '2/4', '2/5'] },
    ]);
  });

  test('entries below all that is queued replace it, and the core’s own array is never changed', () => {
    const queue = new AppendQueue();
    const first = entries(5, 6, 1);
    queue.add(1, work({ entries: first }));
    queue.add(1, work({ entries: entries(7, 7, 1) }));
    expect(first).toHaveLength(2);
    queue.add(1, work({ entries: entries(3, 4, 2) }));
    expect(shape(queue)).toEqual([{ group: 1, entries: ['2/3', '2/4'] }]);
  });

  test('a gap is a bug', () => {
    const queue = new AppendQueue();
    queue.add(1, work({ entries: entries(1, 2, 1) }));
    expect(() => queue.add(1, work({ entries: entries(4, 4, 1) }))).toThrowError(/leave a gap/);
  });

  test('an installed snapshot replaces what came before it, in one write with the hard state', () => {
    const queue = new AppendQueue();
    queue.add(1, work({ entries: entries(1, 4, 1), hardState: hard(1, 1, 0) }));
    const snapshot = { index: 9, term: 2, confState: CONF, data: new Uint8Array(0) };
    queue.add(1, work({ snapshot, hardState: hard(2, 0, 9) }));
    queue.add(1, work({ entries: entries(10, 10, 2) }));
    expect(shape(queue)).toEqual([
      {
        group: 1,
        snapshotMark: { index: 9, term: 2, confState: CONF },
        resetLog: true,
        hardState: hard(2, 0, 9),
        entries: ['2/10'],
      },
    ]);
  });

  test('the mark of a taken snapshot carries the compaction, and the commit that it needs', () => {
    const queue = new AppendQueue();
    queue.recovered(1, hard(1, 1, 2));
    queue.add(1, work({ hardState: hard(1, 1, 8) }));
    queue.addSnapshotMark(1, { index: 7, term: 1, confState: CONF }, 5);
    expect(shape(queue)).toEqual([
      { group: 1, snapshotMark: { index: 7, term: 1, confState: CONF }, hardState: hard(1, 1, 8), compactTo: 5 },
    ]);
  });

  test('a removal voids what was queued; what comes after belongs to a new life', () => {
    const queue = new AppendQueue();
    queue.add(1, work({ entries: entries(1, 4, 1), hardState: hard(5, 1, 4), responses: [response(4)] }));
    queue.addRemoval(1);
    queue.add(1, work({ entries: entries(1, 1, 1), hardState: hard(1, 0, 0) }));
    const batch = queue.take();
    expect(batch.writes).toEqual([{ group: 1, removed: true, hardState: hard(1, 0, 0), entries: entries(1, 1, 1) }]);
    expect(batch.releases).toEqual([{ group: 1, commit: 0, responses: [] }]);
  });

  test('groups share a batch', () => {
    const queue = new AppendQueue();
    for (const group of [3, 1, 3, 2]) queue.add(group, work({ entries: entries(1, 1, group) }));
    expect(queue.take().writes.map(({ group }) => group)).toEqual([3, 1, 2]);
    expect(queue.hasPending).toBe(false);
  });
});

describe('a commit index alone never causes a write', () => {
  test('it rides on the next write of its group', () => {
    const queue = new AppendQueue();
    queue.recovered(1, hard(1, 1, 2));
    queue.add(1, work({ hardState: hard(1, 1, 3) }));
    queue.add(1, work({ hardState: hard(1, 1, 4) }));
    expect(queue.hasPending).toBe(false);
    queue.add(1, work({ entries: entries(5, 5, 1) }));
    expect(shape(queue)).toEqual([{ group: 1, hardState: hard(1, 1, 4), entries: ['1/5'] }]);
  });

  test('unless it is asked for', () => {
    const queue = new AppendQueue();
    queue.recovered(1, hard(1, 1, 2));
    queue.addCommit(1);
    expect(queue.hasPending).toBe(false);
    queue.add(1, work({ hardState: hard(1, 1, 3) }));
    queue.addCommit(1);
    expect(shape(queue)).toEqual([{ group: 1, hardState: hard(1, 1, 3) }]);
  });

  test('a new term or vote does', () => {
    const queue = new AppendQueue();
    queue.recovered(1, hard(1, 1, 2));
    queue.add(1, work({ hardState: hard(1, 2, 2) }));
    expect(queue.hasPending).toBe(true);
  });
});

describe('responses leave when all before them is durable', () => {
  test('at once where nothing of the group is on its way to the disk', () => {
    const queue = new AppendQueue();
    queue.recovered(1, hard(1, 1, 2));
    queue.add(2, work({ entries: entries(1, 1, 1) }));
    expect(queue.add(1, work({ responses: [response(2)] }))).toEqual([response(2)]);
  });

  test('behind the write in flight, or the one that is queued', () => {
    const queue = new AppendQueue();
    queue.add(1, work({ entries: entries(1, 1, 1), responses: [response(1)] }));
    const first = queue.take();
    expect(queue.add(1, work({ responses: [response(10)] }))).toEqual([]);
    expect(first.releases).toEqual([{ group: 1, commit: 0, responses: [response(1), response(10)] }]);
    queue.add(1, work({ entries: entries(2, 2, 1), responses: [response(2)] }));
    expect(queue.add(1, work({ responses: [response(20)] }))).toEqual([]);
    queue.landed();
    expect(queue.take().releases).toEqual([{ group: 1, commit: 0, responses: [response(2), response(20)] }]);
    queue.landed();
    expect(queue.add(1, work({ responses: [response(30)] }))).toEqual([response(30)]);
  });
});
