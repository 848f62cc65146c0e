import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RandomSchedule } from './random-schedule.js';

const RUNS = 120;
const ACTIONS = 1500;

/**
 * Raft paper, figure 3: election safety, leader append-only, log matching, leader completeness, state machine safety;
 * and: what is committed is durable on a quorum, reads are linearizable, and the group recovers once faults stop.
 */
describe.each([
  ['synchronous', false],
  ['asynchronous', true],
] as const)('random clusters under random schedules, %s storage writes', (_, isAsync) => {
  test('keep the five invariants, and converge when faults stop', () => {
    let lockedOut = 0;
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const schedule = new RandomSchedule(seed, isAsync);
        schedule.run(ACTIONS);
        if (schedule.converge() === 'locked-out') lockedOut++;
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(lockedOut).toBeLessThan(RUNS / 50);
  });

  test('are the same run for the same seed', () => {
    const sent = (seed: number): string => {
      const schedule = new RandomSchedule(seed, isAsync);
      schedule.run(500);
      return JSON.stringify(schedule.cluster.sent);
    };
    expect(sent(7)).toBe(sent(7));
    expect(sent(7)).not.toBe(sent(8));
  });
});
