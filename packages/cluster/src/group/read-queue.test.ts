import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import type { ReadSink } from './completion-sink.js';
import { ReadQueue } from './read-queue.js';

class Outcomes implements ReadSink {
  readonly list: string[] = [];

  ready(slot: number, _group: number, index: number): void {
    this.list.push(`${slot} at ${index}`);
  }

  failed(slot: number, error: FlotillaError): void {
    this.list.push(`${slot} ${error.code}`);
  }
}

const notLeader = (): FlotillaError => new FlotillaError('NotLeader', { message: '', details: { group: 1 } });

describe('ReadQueue', () => {
  test('reads of one question are served together once the index is applied', () => {
    const queue = new ReadQueue(1);
    const outcomes = new Outcomes();
    queue.add(outcomes, 1);
    queue.add(outcomes, 2);
    queue.ask(10, 0, 0);
    queue.add(outcomes, 3);
    queue.confirmed(10, 7);
    queue.appliedTo(6);
    expect([outcomes.list, queue.pending, queue.hasNew]).toEqual([[], 3, true]);
    queue.appliedTo(7);
    expect([outcomes.list, queue.pending]).toEqual([['1 at 7', '2 at 7'], 1]);
  });

  test('a confirmed index stays right when the leader changes; an unconfirmed one fails', () => {
    const queue = new ReadQueue(1);
    const outcomes = new Outcomes();
    for (const slot of [1, 2, 3]) {
      queue.add(outcomes, slot);
      if (slot < 3) queue.ask(slot, 0, 0);
    }
    queue.confirmed(1, 9);
    queue.failUnconfirmed(notLeader);
    queue.confirmed(2, 9);
    queue.appliedTo(9);
    expect(outcomes.list).toEqual(['3 NotLeader', '2 NotLeader', '1 at 9']);
    expect(queue.pending).toBe(0);
  });

  test('asked again under another number, the old answer counts no more', () => {
    const queue = new ReadQueue(1);
    const outcomes = new Outcomes();
    queue.add(outcomes, 1);
    queue.ask(1, 0, 0);
    queue.add(outcomes, 2);
    queue.ask(2, 1, 0);
    expect([queue.hasOverdue(-1), queue.hasOverdue(0)]).toEqual([false, true]);
    queue.askAgain(3, 5, 0);
    expect(queue.hasOverdue(4)).toBe(false);
    for (const context of [1, 2]) queue.confirmed(context, 4);
    queue.appliedTo(100);
    expect(outcomes.list).toEqual([]);
    queue.confirmed(3, 4);
    queue.appliedTo(4);
    expect(outcomes.list).toEqual(['1 at 4', '2 at 4']);
  });

  test('all fail when the node stops', () => {
    const queue = new ReadQueue(1);
    const outcomes = new Outcomes();
    queue.add(outcomes, 1);
    queue.ask(1, 0, 0);
    queue.confirmed(1, 5);
    queue.add(outcomes, 2);
    queue.ask(2, 0, 0);
    queue.add(outcomes, 3);
    queue.failAll(notLeader);
    expect(outcomes.list.toSorted()).toEqual(['1 NotLeader', '2 NotLeader', '3 NotLeader']);
    expect(queue.pending).toBe(0);
  });
});
