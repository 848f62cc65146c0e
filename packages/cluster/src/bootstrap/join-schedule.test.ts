import { describe, expect, test } from 'vitest';
import { joinDelayMs } from './join-schedule.js';

describe('the retry schedule of a join', () => {
  const byDefault = { maxAttempts: 8, maxBackoffMs: 32_000 };

  test('by default 250 ms, 500 ms, 1, 2, 4, 8, 16, 32 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((attempt) => joinDelayMs(attempt, byDefault))).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000,
    ]);
  });

  test('attempt 0 and any above the maximum wait 0', () => {
    expect(joinDelayMs(0, byDefault)).toBe(0);
    expect(joinDelayMs(9, byDefault)).toBe(0);
    expect(joinDelayMs(100, byDefault)).toBe(0);
  });

  test('with a ceiling of 2 s all waits together stay under 5 s', () => {
    const short = { maxAttempts: 8, maxBackoffMs: 2000 };
    let total = 0;
    for (let attempt = 0; attempt <= 8; attempt++) total += joinDelayMs(attempt, short);
    expect(joinDelayMs(8, short)).toBe(2000);
    expect(total).toBeLessThan(5000);
  });

  test('a wait is at least 1 ms', () => {
    expect(joinDelayMs(1, { maxAttempts: 8, maxBackoffMs: 10 })).toBe(1);
  });
});
