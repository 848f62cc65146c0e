import { describe, expect, test } from 'vitest';
import { LeaderHints } from '../index.js';

describe('leader hints', () => {
  test('follow the highest term', () => {
    const hints = new LeaderHints();
    expect(hints.get(1)).toBeUndefined();
    expect(hints.learn(1, 2, 5)).toBe(true);
    expect(hints.learn(1, 3, 4)).toBe(false);
    expect(hints.learn(1, 2, 5)).toBe(false);
    expect(hints.get(1)).toEqual({ leader: 2, term: 5 });
    expect(hints.learn(1, 2, 6)).toBe(true);
    expect(hints.learn(1, 3, 7)).toBe(true);
    expect(hints.get(1)).toEqual({ leader: 3, term: 7 });
  });

  test('of a node that is gone are forgotten, those of others kept', () => {
    const hints = new LeaderHints();
    for (const [group, leader] of [
      [9, 1],
      [2, 2],
      [4, 1],
    ] as const)
      hints.learn(group, leader, 1);
    expect(hints.forgetNode(1)).toEqual([4, 9]);
    expect(hints.get(4)).toBeUndefined();
    expect(hints.get(2)?.leader).toBe(2);
    hints.forget(2);
    expect(hints.get(2)).toBeUndefined();
  });
});
