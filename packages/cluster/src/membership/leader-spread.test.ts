import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LedGroup, type LeaderMove, planLeaderSpread } from './leader-spread.js';

function after(groups: readonly LedGroup[], moves: readonly LeaderMove[]): Map<number, number> {
  const leaders = new Map(groups.map((one) => [one.group, one.leader]));
  for (const move of moves) {
    expect(leaders.get(move.group), `move of group ${move.group}`).toBe(move.from);
    leaders.set(move.group, move.to);
  }
  return leaders;
}

function spread(leaders: ReadonlyMap<number, number>, nodes: readonly number[]): number {
  const counts = nodes.map((node) => [...leaders.values()].filter((leader) => leader === node).length);
  return Math.max(...counts) - Math.min(...counts);
}

describe('leaders spread evenly', () => {
  test('eight groups led by one of three nodes end three, three and two', () => {
    const groups = Array.from({ length: 8 }, (_, i) => ({ group: i + 1, leader: 1, voters: [1, 2, 3] }));
    const moves = planLeaderSpread(groups, [1, 2, 3]);
    expect(spread(after(groups, moves), [1, 2, 3])).toBe(1);
    expect(moves).toHaveLength(5);
  });

  test('an even spread moves nothing', () => {
    const groups = [1, 2, 3, 4].map((group) => ({ group, leader: (group % 3) + 1, voters: [1, 2, 3] }));
    expect(planLeaderSpread(groups, [1, 2, 3])).toEqual([]);
  });

  test('a node that is not eligible gives up all its leaderships, wherever they can go', () => {
    const groups = [
      { group: 1, leader: 3, voters: [1, 2, 3] },
      { group: 2, leader: 3, voters: [3] },
      { group: 3, leader: 1, voters: [1, 2, 3] },
    ];
    expect(planLeaderSpread(groups, [1, 2])).toEqual([{ group: 1, from: 3, to: 2 }]);
  });

  test('a chain of moves is found where no direct one exists', () => {
    const groups = [
      { group: 1, leader: 1, voters: [1, 2] },
      { group: 2, leader: 1, voters: [1, 2] },
      { group: 3, leader: 2, voters: [2, 3] },
    ];
    const moves = planLeaderSpread(groups, [1, 2, 3]);
    expect(moves).toEqual([
      { group: 3, from: 2, to: 3 },
      { group: 1, from: 1, to: 2 },
    ]);
  });

  test('where all nodes vote everywhere the spread is even within one; a plan of a plan is empty; moves name voters only', () => {
    const shape = fc.record({
      nodes: fc.integer({ min: 1, max: 7 }),
      leaders: fc.array(fc.nat({ max: 6 }), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(shape, ({ nodes, leaders }) => {
        const ids = Array.from({ length: nodes }, (_, i) => i + 1);
        const groups = leaders.map((leader, i) => ({ group: i + 1, leader: (leader % nodes) + 1, voters: ids }));
        const result = after(groups, planLeaderSpread(groups, ids));
        expect(spread(result, ids)).toBeLessThanOrEqual(1);
        const settled = groups.map((one) => ({ ...one, leader: result.get(one.group) ?? 0 }));
        expect(planLeaderSpread(settled, ids)).toEqual([]);
      }),
    );
  });

  test('with any voters at all, moves go to voters, and planning again finds nothing more', () => {
    const group = fc.record({
      leader: fc.nat(),
      voters: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(group, { maxLength: 20 }), (list) => {
        const groups = list.map((one, i) => ({
          group: i + 1,
          leader: one.voters[one.leader % one.voters.length] ?? 0,
          voters: one.voters,
        }));
        const ids = [1, 2, 3, 4, 5, 6];
        const moves = planLeaderSpread(groups, ids);
        for (const move of moves) expect(groups[move.group - 1]?.voters).toContain(move.to);
        const result = after(groups, moves);
        const settled = groups.map((one) => ({ ...one, leader: result.get(one.group) ?? 0 }));
        expect(planLeaderSpread(settled, ids)).toEqual([]);
      }),
    );
  });
});
