import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { burstTime, timeInBursts } from './bursts.js';

describe('bursts of faults', () => {
  const bursts = fc.record({ burstMs: fc.integer({ min: 1, max: 50 }), quietMs: fc.integer({ min: 0, max: 50 }) });

  test('what happens in the time of bursts happens within the whole time, in order, and never in a quiet stretch', () => {
    fc.assert(
      fc.property(bursts, fc.integer({ min: 1, max: 500 }), (each, totalMs) => {
        const activeMs = burstTime(totalMs, each);
        const times = Array.from({ length: activeMs }, (_, at) => timeInBursts(at, each));
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        for (const atMs of times) {
          expect(atMs).toBeLessThan(totalMs);
          expect(atMs % (each.burstMs + each.quietMs)).toBeLessThan(each.burstMs);
        }
      }),
    );
  });

  test('without quiet stretches nothing is moved', () => {
    expect(burstTime(1_234, { burstMs: 10, quietMs: 0 })).toBe(1_234);
    expect(timeInBursts(1_233, { burstMs: 10, quietMs: 0 })).toBe(1_233);
  });
});
