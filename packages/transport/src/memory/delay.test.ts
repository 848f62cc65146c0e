import { Prng } from '@flotilla/runtime/virtual';
import { expect, test } from 'vitest';
import { drawDelay, exponentialDelay, heavyTailedDelay, uniformDelay } from './delay.js';

function draws(delay: ReturnType<typeof uniformDelay>, count: number): number[] {
  const prng = new Prng('delays');
  return Array.from({ length: count }, () => drawDelay(delay, () => prng.float()));
}

test('a number is a constant delay', () => {
  expect(draws(7, 3)).toEqual([7, 7, 7]);
});

test('a uniform delay stays within its bounds and has their mean', () => {
  const values = draws(uniformDelay(10, 20), 20_000);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(10);
  expect(Math.max(...values)).toBeLessThan(20);
  expect(mean(values)).toBeCloseTo(15, 0);
});

test('an exponential delay has its mean, its deviation, and the tail of an exponential', () => {
  const values = draws(exponentialDelay(30, { minMs: 10 }), 50_000);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(10);
  const average = mean(values);
  expect(average).toBeGreaterThan(29.5);
  expect(average).toBeLessThan(30.5);
  const deviation = Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
  expect(deviation).toBeGreaterThan(19.5);
  expect(deviation).toBeLessThan(20.5);
  const beyond = values.filter((value) => value > 10 + 3 * 20).length / values.length;
  expect(beyond).toBeGreaterThan(0.045);
  expect(beyond).toBeLessThan(0.055);
});

test('an exponential delay is cut at its maximum', () => {
  expect(Math.max(...draws(exponentialDelay(30, { maxMs: 40 }), 1000))).toBe(40);
});

test('a heavy-tailed delay stays within its bounds, is short as a rule, and very long now and then', () => {
  const values = draws(heavyTailedDelay(2, 20_000), 50_000);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(2);
  expect(Math.max(...values)).toBeLessThan(20_000);
  const beyond = (ms: number): number => values.filter((value) => value > ms).length / values.length;
  expect(beyond(4)).toBeCloseTo(0.5, 1);
  expect(beyond(200)).toBeGreaterThan(0.008);
  expect(beyond(200)).toBeLessThan(0.012);
  expect(draws(heavyTailedDelay(5, 5), 2)).toEqual([5, 5]);
  for (const [min, max] of [
    [0, 1],
    [2, 1],
    [1, Infinity],
    [Number.NaN, 1],
  ] as const) {
    expect(() => heavyTailedDelay(min, max)).toThrow(RangeError);
  }
});

test('a delay that is negative or no number is refused', () => {
  for (const delay of [-1, Number.NaN, Infinity, (): number => -0.1]) {
    expect(() => drawDelay(delay, () => 0.5)).toThrow(RangeError);
  }
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
