import { type Entry, EntryType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { ApplyQueue } from './apply-queue.js';

function entries(first: number, kinds: string): Entry[] {
  return [...kinds].map((kind, at) => ({
    index: first + at,
    term: 1,
    type: kind === 'c' ? EntryType.ConfChange : kind === 'j' ? EntryType.ConfChangeV2 : EntryType.Normal,
    data: new Uint8Array(kind === 'x' || kind === 'c' ? 10 : 0),
  }));
}

function drain(queue: ApplyQueue, entriesMax: number, bytesMax: number): string[] {
  const runs: string[] = [];
  for (let delivery = queue.next(entriesMax, bytesMax); delivery; delivery = queue.next(entriesMax, bytesMax)) {
    const work = queue.done(delivery);
    runs.push(
      `${delivery.kind} ${delivery.entries.map(({ index }) => index).join(',')}${work === undefined ? '' : ' end'}`,
    );
  }
  return runs;
}

describe('ApplyQueue', () => {
  test('commands together, empty entries together, each conf change alone between its neighbours', () => {
    const queue = new ApplyQueue();
    queue.push({ entries: entries(1, 'exxcjxxe'), responses: [] });
    queue.push({ entries: entries(9, 'xx'), responses: [] });
    expect(drain(queue, 100, 1_000)).toEqual([
      'empty 1',
      'commands 2,3',
      'conf-change 4',
      'conf-change 5',
      'commands 6,7',
      'empty 8 end',
      'commands 9,10 end',
    ]);
    expect(queue.isEmpty).toBe(true);
  });

  test('runs are bounded by entries and by bytes, but hold one at least', () => {
    const queue = new ApplyQueue();
    queue.push({ entries: entries(1, 'xxxxx'), responses: [] });
    expect(drain(queue, 2, 1_000)).toEqual(['commands 1,2', 'commands 3,4', 'commands 5 end']);
    queue.push({ entries: entries(6, 'xxx'), responses: [] });
    expect(drain(queue, 100, 5)).toEqual(['commands 6', 'commands 7', 'commands 8 end']);
  });

  test('a whole work of commands is handed on without a copy', () => {
    const queue = new ApplyQueue();
    const work = { entries: entries(1, 'xxx'), responses: [] };
    queue.push(work);
    expect(queue.next(100, 1_000)?.entries).toBe(work.entries);
  });
});
