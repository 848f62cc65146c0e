import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type LeaderTransfer, type LedGroup, planLeaderTransfers } from '../index.js';

const ALL = 1000;

function applied(groups: readonly LedGroup[], transfers: readonly LeaderTransfer[]): LedGroup[] {
  const leaders = new Map(groups.map(({ group, leader }) => [group, leader]));
  for (const { group, from, to } of transfers) {
    expect(leaders.get(group)).toBe(from);
    expect(groups.find((each) => each.group === group)?.voters).toContain(to);
    leaders.set(group, to);
  }
  return groups.map((each) => ({ ...each, leader: leaders.get(each.group) ?? 0 }));
}

function loads(groups: readonly LedGroup[], nodes: readonly number[]): number[] {
  return nodes.map((node) => groups.filter(({ leader }) => leader === node).length);
}

const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
const squares = (values: readonly number[]): number => values.reduce((sum, value) => sum + value * value, 0);

/** Plans and applies, a few at a time, until nothing is left to gain. */
function settled(groups: readonly LedGroup[], eligible: ReadonlySet<number>, transfersMax: number): LedGroup[] {
  let now = [...groups];
  for (let round = 0; round < 500; round++) {
    const transfers = planLeaderTransfers(now, { eligible, transfersMax });
    expect(transfers.length).toBeLessThanOrEqual(transfersMax);
    if (transfers.length === 0) return now;
    now = applied(now, transfers);
  }
  throw new Error('it never settles');
}

describe('leaders spread', () => {
  test('eight groups led by one of three nodes end three, three and two, with five transfers', () => {
    const groups = Array.from({ length: 8 }, (_, at) => ({ group: at + 1, leader: 1, voters: [1, 2, 3] }));
    const transfers = planLeaderTransfers(groups, { eligible: new Set([1, 2, 3]), transfersMax: ALL });
    expect(transfers.length).toBe(5);
    expect(loads(applied(groups, transfers), [1, 2, 3]).toSorted()).toEqual([2, 3, 3]);
  });

  test('what is even within one stays as it is', () => {
    const groups = [1, 2, 3, 1].map((leader, at) => ({ group: at + 1, leader, voters: [1, 2, 3] }));
    expect(planLeaderTransfers(groups, { eligible: new Set([1, 2, 3]), transfersMax: ALL })).toEqual([]);
  });

  test('a few at a time', () => {
    const groups = Array.from({ length: 8 }, (_, at) => ({ group: at + 1, leader: 1, voters: [1, 2, 3] }));
    expect(planLeaderTransfers(groups, { eligible: new Set([1, 2, 3]), transfersMax: 2 })).toEqual([
      { group: 1, from: 1, to: 2 },
      { group: 2, from: 1, to: 3 },
    ]);
  });

  test('a chain is found where no direct transfer helps, and begins at its far end', () => {
    const groups = [
      { group: 1, leader: 1, voters: [1, 2] },
      { group: 2, leader: 1, voters: [1, 2] },
      { group: 3, leader: 2, voters: [2, 3] },
    ];
    expect(planLeaderTransfers(groups, { eligible: new Set([1, 2, 3]), transfersMax: ALL })).toEqual([
      { group: 3, from: 2, to: 3 },
      { group: 1, from: 1, to: 2 },
    ]);
  });

  test('a node that may not lead gives up what others can take, to the emptiest first', () => {
    const groups = [
      { group: 1, leader: 3, voters: [1, 2, 3] },
      { group: 2, leader: 3, voters: [3] },
      { group: 3, leader: 1, voters: [1, 2, 3] },
    ];
    expect(planLeaderTransfers(groups, { eligible: new Set([1, 2]), transfersMax: ALL })).toEqual([
      { group: 1, from: 3, to: 2 },
    ]);
  });

  test('a group without a known leader is left alone', () => {
    const groups = [
      { group: 1, leader: 0, voters: [1, 2] },
      { group: 2, leader: 1, voters: [1, 2] },
    ];
    expect(planLeaderTransfers(groups, { eligible: new Set([1, 2]), transfersMax: ALL })).toEqual([]);
  });

  test('where all nodes vote everywhere, a few at a time ends even within one', () => {
    const cluster = fc.record({
      nodes: fc.integer({ min: 1, max: 7 }),
      leaders: fc.array(fc.nat(6), { maxLength: 40 }),
      transfersMax: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(cluster, ({ nodes, leaders, transfersMax }) => {
        const ids = Array.from({ length: nodes }, (_, at) => at + 1);
        const groups = leaders.map((leader, at) => ({ group: at + 1, leader: (leader % nodes) + 1, voters: ids }));
        expect(spread(loads(settled(groups, new Set(ids), transfersMax), ids))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('a direct transfer goes before a chain, so that no step of a plan makes leadership less even', () => {
    const groups = [
      { group: 1, leader: 1, voters: [4, 1] },
      { group: 2, leader: 3, voters: [1, 3, 2] },
      { group: 3, leader: 4, voters: [4, 3] },
      { group: 4, leader: 3, voters: [3] },
      { group: 5, leader: 1, voters: [1] },
    ];
    const plan = planLeaderTransfers(groups, { eligible: new Set([1, 2, 3, 4]), transfersMax: ALL });
    expect(plan).toEqual([{ group: 2, from: 3, to: 2 }]);
  });

  test('with any voters: it settles, never gets less even on the way, and no other assignment of leaders is more even', () => {
    const group = fc.record({
      voters: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
      leader: fc.nat(2),
    });
    const ids = [1, 2, 3, 4];
    fc.assert(
      fc.property(fc.array(group, { maxLength: 6 }), fc.integer({ min: 1, max: 5 }), (list, transfersMax) => {
        const groups = list.map(({ voters, leader }, at) => ({
          group: at + 1,
          leader: voters[leader % voters.length] ?? 0,
          voters,
        }));
        let previous = squares(loads(groups, ids));
        const plan = planLeaderTransfers(groups, { eligible: new Set(ids), transfersMax: ALL });
        for (let prefix = 1; prefix <= plan.length; prefix++) {
          const now = squares(loads(applied(groups, plan.slice(0, prefix)), ids));
          expect(now).toBeLessThanOrEqual(previous);
          previous = now;
        }
        const best = Math.min(...assignments(groups).map((each) => squares(loads(each, ids))));
        expect(squares(loads(settled(groups, new Set(ids), transfersMax), ids))).toBe(best);
      }),
      { numRuns: 60 },
    );
  });
});

/** Every way in which the groups could be led. */
function assignments(groups: readonly LedGroup[]): LedGroup[][] {
  const [first, ...rest] = groups;
  if (first === undefined) return [[]];
  const tails = assignments(rest);
  return first.voters.flatMap((leader) => tails.map((tail) => [{ ...first, leader }, ...tail]));
}
