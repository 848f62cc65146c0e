import { describe, expect, test } from 'vitest';
import { Inflights } from './inflights.js';

function filled(max: number, indexes: readonly number[]): Inflights {
  const inflights = new Inflights(max, Infinity);
  for (const index of indexes) inflights.add(index, 10);
  return inflights;
}

describe('the window by count', () => {
  test('is full at its limit, and then takes no more', () => {
    const inflights = filled(3, [1, 2, 3]);
    expect(inflights.full).toBe(true);
    expect(() => inflights.add(4, 10)).toThrow('inflight window is full');
  });

  test('an acknowledgement frees everything up to it', () => {
    const inflights = filled(3, [5, 7, 9]);
    inflights.freeUpTo(4);
    expect(inflights.count).toBe(3);
    inflights.freeUpTo(7);
    expect(inflights.count).toBe(1);
    inflights.freeUpTo(100);
    expect(inflights.count).toBe(0);
  });

  test('goes round the ring, grows while it is wrapped, and keeps its order', () => {
    const inflights = new Inflights(1000, Infinity);
    let next = 1;
    let freed = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 7; i++) inflights.add(next++, 1);
      freed += 4;
      inflights.freeUpTo(freed);
      expect(inflights.count).toBe(next - 1 - freed);
    }
    while (freed < next - 1) {
      inflights.freeUpTo(++freed);
      expect(inflights.count).toBe(next - 1 - freed);
    }
  });

  test('a limit of one and a limit of millions take no memory before use', () => {
    expect(filled(1, [1]).full).toBe(true);
    expect(filled(2 ** 31 - 1, [1, 2]).full).toBe(false);
  });

  test('holds indexes beyond 2^32', () => {
    const inflights = filled(3, [2 ** 40, 2 ** 40 + 1]);
    inflights.freeUpTo(2 ** 40);
    expect(inflights.count).toBe(1);
  });
});

describe('the window by bytes', () => {
  test('one message may overshoot, the next must wait', () => {
    const inflights = new Inflights(100, 25);
    inflights.add(1, 24);
    expect(inflights.full).toBe(false);
    inflights.add(2, 1000);
    expect(inflights.full).toBe(true);
    inflights.freeUpTo(1);
    expect(inflights.full).toBe(true);
    inflights.freeUpTo(2);
    expect(inflights.full).toBe(false);
  });

  test('a reset forgets the bytes too', () => {
    const inflights = new Inflights(100, 25);
    inflights.add(1, 1000);
    inflights.reset();
    expect([inflights.count, inflights.full]).toEqual([0, false]);
  });
});

test('a clone shares nothing', () => {
  const original = filled(20, [1, 2, 3]);
  const clone = original.clone();
  clone.freeUpTo(2);
  clone.add(4, 1);
  expect([original.count, clone.count]).toEqual([3, 2]);
});
