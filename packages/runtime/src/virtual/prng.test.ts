import { describe, expect, test } from 'vitest';
import { Prng } from './prng.js';

describe('the seeded generator', () => {
  test('gives the same numbers on every engine: golden values', () => {
    const prng = new Prng(42);
    expect([prng.u32(), prng.u32(), prng.u32()]).toEqual([3_837_235_216, 82_944_400, 485_439_195]);
    expect(prng.float()).toBe(0.7501306860368795);
    expect([...prng.bytes(6)]).toEqual([138, 24, 163, 22, 226, 242]);
    expect(prng.shuffled([1, 2, 3, 4, 5])).toEqual([2, 1, 3, 5, 4]);
    expect(prng.fork('network').u32()).toBe(4_152_157_352);
  });

  test('a number and its text are one seed; other seeds and forks differ', () => {
    expect(new Prng(7).u32()).toBe(new Prng('7').u32());
    const firsts = Array.from({ length: 1000 }, (_, seed) => new Prng(seed).u32());
    expect(new Set(firsts).size).toBe(1000);
    const forks = Array.from({ length: 1000 }, (_, label) => new Prng(1).fork(label).u32());
    expect(new Set(forks).size).toBe(1000);
  });

  test('a fork does not depend on what was drawn, and draws nothing', () => {
    const a = new Prng('seed');
    const b = new Prng('seed');
    for (let i = 0; i < 10; i++) b.u32();
    expect(b.fork('x').u32()).toBe(a.fork('x').u32());
    expect(a.u32()).toBe(new Prng('seed').u32());
  });

  test('integers reach both ends of their range and nothing else, about evenly', () => {
    const prng = new Prng('range');
    const counts = new Map<number, number>();
    for (let i = 0; i < 6000; i++) {
      const value = prng.integer(-2, 4);
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2, 3]);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(() => prng.integer(3, 3)).toThrow(RangeError);
    expect(() => prng.pick([])).toThrow(RangeError);
  });

  test('chance follows its probability, and 0 and 1 are certain', () => {
    const prng = new Prng('chance');
    let hits = 0;
    for (let i = 0; i < 10_000; i++) {
      if (prng.chance(0.3)) hits += 1;
      expect(prng.chance(0)).toBe(false);
      expect(prng.chance(1)).toBe(true);
    }
    expect(Math.abs(hits - 3000)).toBeLessThan(200);
  });
});
