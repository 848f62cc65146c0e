import { describe, expect, test } from 'vitest';
import {
  initialRoutingTable,
  type JoinStep,
  mayPromote,
  planJoin,
  type RoutingTable,
  withGroupMembership,
} from '../index.js';
import { nodeOf, tableOf, topologyOf } from '../testdata/cluster.js';

const entered = (table: RoutingTable, node: number, steps: readonly JoinStep[]): RoutingTable =>
  steps.reduce((now, { group, role }) => {
    const placement = now.groups.get(group);
    if (placement === undefined) throw new Error(`no group ${group}`);
    const list = [...placement[role === 'voter' ? 'voters' : 'learners'], node].toSorted((a, b) => a - b);
    return withGroupMembership(now, {
      ...placement,
      confIndex: placement.confIndex + 1,
      [role === 'voter' ? 'voters' : 'learners']: list,
    });
  }, table);

describe('placement at join', () => {
  test('nodes that join one after the other: group 0 grows to 5 voters, data groups to the factor and never above', () => {
    let table = initialRoutingTable({ nodes: [1], dataGroups: 4, replicationFactor: 3 });
    const topology = topologyOf(1, 2, 3, 4, 5, 6, 7);
    for (const node of [2, 3, 4, 5, 6, 7]) {
      table = entered(table, node, planJoin({ topology, table, node, replicationFactor: 3 }));
    }
    expect(table.groups.get(0)?.voters).toEqual([1, 2, 3, 4, 5]);
    for (let group = 1; group <= 4; group++) expect(table.groups.get(group)?.voters).toEqual([1, 2, 3]);
    expect(planJoin({ topology, table, node: 6, replicationFactor: 3 })).toEqual([]);
  });

  test('learners that are on their way to vote count, so that nodes joining at once do not overfill a group', () => {
    const topology = topologyOf(
      1,
      nodeOf(2, { state: 'joining' }),
      nodeOf(3, { state: 'joining' }),
      nodeOf(4, { state: 'joining' }),
    );
    const table = tableOf({ 0: [[1], [2, 3]], 1: [[1], [2, 3]] });
    expect(planJoin({ topology, table, node: 4, replicationFactor: 3 })).toEqual([{ group: 0, role: 'voter' }]);
  });

  test('learners that never vote, or that are leaving, take no voter’s place', () => {
    const topology = topologyOf(1, nodeOf(2, { voter: false, state: 'learner' }), nodeOf(3, { state: 'draining' }), 4);
    const table = tableOf({ 0: [[1], [2, 3]], 1: [[1], [2, 3]] });
    expect(planJoin({ topology, table, node: 4, replicationFactor: 2 })).toEqual([
      { group: 0, role: 'voter' },
      { group: 1, role: 'voter' },
    ]);
  });

  test('a retry finds only what is missing', () => {
    const topology = topologyOf(1, 2);
    const table = tableOf({ 0: [[1], [2]], 1: [[1, 2]], 2: [[1]], 3: [[1], [2]] });
    expect(planJoin({ topology, table, node: 2, replicationFactor: 3 })).toEqual([{ group: 2, role: 'voter' }]);
  });

  test('a node that never votes becomes a learner of group 0 and of the groups that it names', () => {
    const topology = topologyOf(1, nodeOf(2, { voter: false }));
    const table = tableOf({ 0: [[1]], 1: [[1]], 2: [[1]] });
    expect(planJoin({ topology, table, node: 2, replicationFactor: 3, learnerOf: [2, 99] })).toEqual([
      { group: 0, role: 'learner' },
      { group: 2, role: 'learner' },
    ]);
    expect(planJoin({ topology, table, node: 2, replicationFactor: 3 })).toEqual([{ group: 0, role: 'learner' }]);
  });

  test('an unknown node, and one that leaves, enter nothing', () => {
    const table = tableOf({ 0: [[1]], 1: [[1]] });
    const topology = topologyOf(1, nodeOf(2, { state: 'draining' }), nodeOf(3, { state: 'decommissioned' }));
    for (const node of [2, 3, 9]) expect(planJoin({ topology, table, node, replicationFactor: 3 })).toEqual([]);
  });
});

describe('promotion', () => {
  const topology = topologyOf(
    1,
    2,
    3,
    4,
    nodeOf(5, { voter: false, state: 'learner' }),
    nodeOf(6, { state: 'draining' }),
  );
  const placementOf = (
    group: number,
    voters: number[],
    learners: number[],
  ): Parameters<typeof mayPromote>[0]['placement'] => ({
    group,
    incarnation: 0,
    confIndex: 1,
    voters,
    learners,
  });

  test.each([
    ['a learner where there is room', 1, [1, 2], [3], 3, true],
    ['a learner of a full data group', 1, [1, 2, 3], [4], 4, false],
    ['a learner of group 0 beyond the factor', 0, [1, 2, 3], [4], 4, true],
    ['a learner that never votes', 1, [1], [5], 5, false],
    ['a learner that is leaving', 1, [1], [6], 6, false],
    ['a node that is no learner', 1, [1], [2], 3, false],
    ['a node that is not known', 1, [1], [9], 9, false],
  ])('%s', (_, group, voters, learners, node, yes) => {
    expect(mayPromote({ topology, placement: placementOf(group, voters, learners), node, replicationFactor: 3 })).toBe(
      yes,
    );
  });

  test('group 0 is full with 5 voters', () => {
    const six = topologyOf(1, 2, 3, 4, 5, 6);
    const placement = placementOf(0, [1, 2, 3, 4, 5], [6]);
    expect(mayPromote({ topology: six, placement, node: 6, replicationFactor: 7 })).toBe(false);
  });
});
