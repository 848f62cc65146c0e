import { describe, expect, test } from 'vitest';
import { planRemoval, planReplacement } from '../index.js';
import { nodeOf, tableOf, topologyOf } from '../testdata/cluster.js';

const all = new Set([1, 2, 3, 4, 5, 6, 7]);

describe('replacement', () => {
  const topology = topologyOf(1, 2, 3, 4);
  const table = tableOf({ 0: [[1, 2, 3, 4]], 1: [[1, 2, 3]], 2: [[1, 2, 3]] });
  const input = { topology, table, replicationFactor: 3, reachable: all };

  test('puts the new node in and the old one out of each data group in one step, group 0 last', () => {
    expect(planReplacement({ ...input, remove: 3, add: 4 })).toEqual([
      { group: 1, role: 'voter', remove: 3, add: 4 },
      { group: 2, role: 'voter', remove: 3, add: 4 },
      { group: 0, role: 'voter', remove: 3, add: undefined },
    ]);
  });

  test('of a dead node goes through while the others have a quorum', () => {
    const steps = planReplacement({ ...input, remove: 3, add: 4, reachable: new Set([1, 2, 4]) });
    expect(steps.length).toBe(3);
  });

  test('without a quorum of reachable voters is refused, with the numbers', () => {
    expect(() => planReplacement({ ...input, remove: 3, add: 4, reachable: new Set([1, 4]) })).toThrow(
      'group 1 needs 2 of its 3 voters to take node 3 out, and 1 can be reached',
    );
  });

  test('that would lose the quorum by the new node, which is not there, is refused', () => {
    const two = tableOf({ 0: [[1, 2]], 1: [[1, 2]] });
    const refuse = (): unknown =>
      planReplacement({ ...input, table: two, replicationFactor: 2, remove: 2, add: 3, reachable: new Set([1, 2]) });
    expect(refuse).toThrow('group 1 needs 2 of its 2 voters once node 2 is out, and 1 can be reached');
  });

  test('by a node that votes in a group already takes another node there, or is refused where none is left', () => {
    const spread = tableOf({ 0: [[1, 2, 3, 4]], 1: [[1, 2, 3]], 2: [[2, 3, 4]] });
    expect(planReplacement({ ...input, table: spread, remove: 3, add: 4 })).toEqual([
      { group: 1, role: 'voter', remove: 3, add: 4 },
      { group: 2, role: 'voter', remove: 3, add: 1 },
      { group: 0, role: 'voter', remove: 3, add: undefined },
    ]);
    const three = topologyOf(1, 2, 3);
    const full = tableOf({ 0: [[1, 2, 3]], 1: [[1, 2, 3]] });
    expect(() => planReplacement({ ...input, topology: three, table: full, remove: 3, add: 2 })).toThrow(
      'taking node 3 out would leave group 1 with 2 of the 3 voters that it must have',
    );
  });

  test('of a learner is by a learner', () => {
    const learners = topologyOf(
      1,
      nodeOf(2, { voter: false, state: 'learner' }),
      nodeOf(3, { voter: false, state: 'learner' }),
    );
    const groups = tableOf({ 0: [[1], [2, 3]], 1: [[1], [2]] });
    expect(planReplacement({ ...input, topology: learners, table: groups, remove: 2, add: 3 })).toEqual([
      { group: 1, role: 'learner', remove: 2, add: 3 },
      { group: 0, role: 'learner', remove: 2, add: undefined },
    ]);
  });

  test.each([
    ['an unknown node', 9, 4, 'there is no node 9'],
    ['by an unknown node', 3, 9, 'there is no node 9'],
    ['by itself', 3, 3, 'cannot replace itself'],
    ['by a node that never votes', 3, 5, 'never votes'],
    ['by a node that is leaving', 3, 6, 'drained itself'],
    ['by a decommissioned node', 3, 7, 'decommissioned'],
  ])('%s is refused', (_, remove, add, reason) => {
    const more = topologyOf(
      ...topology.nodes.values(),
      nodeOf(5, { voter: false, state: 'learner' }),
      nodeOf(6, { state: 'draining' }),
      nodeOf(7, { state: 'decommissioned' }),
    );
    expect(() => planReplacement({ ...input, topology: more, remove, add })).toThrow(reason);
  });
});

describe('removal', () => {
  test('from three nodes with three replicas is refused, saying which group would have how many', () => {
    const input = {
      topology: topologyOf(1, 2, 3),
      table: tableOf({ 0: [[1, 2, 3]], 1: [[1, 2, 3]] }),
      replicationFactor: 3,
      reachable: all,
    };
    const refuse = (): unknown => planRemoval({ ...input, remove: 3 });
    expect(refuse).toThrow('UnsafeMembershipChange: taking node 3 out would leave group 1 with 2 of the 3 voters');
    expect(refuse).toThrow('add a node first');
  });

  test('finds a node for each replica: the one with the fewest, the lowest id first', () => {
    const steps = planRemoval({
      topology: topologyOf(1, 2, 3, 4, 5),
      table: tableOf({ 0: [[1, 2, 3, 4, 5]], 1: [[1, 2, 3]], 2: [[1, 2, 3]], 3: [[1, 2, 3]], 4: [[1, 2, 4]] }),
      replicationFactor: 3,
      reachable: all,
      remove: 3,
    });
    expect(steps).toEqual([
      { group: 1, role: 'voter', remove: 3, add: 5 },
      { group: 2, role: 'voter', remove: 3, add: 4 },
      { group: 3, role: 'voter', remove: 3, add: 5 },
      { group: 0, role: 'voter', remove: 3, add: undefined },
    ]);
  });

  test('takes no node that cannot be reached, never votes, or is leaving', () => {
    const input = {
      topology: topologyOf(1, 2, 3, 4, nodeOf(5, { voter: false, state: 'learner' }), nodeOf(6, { state: 'draining' })),
      table: tableOf({ 0: [[1, 2, 3, 4]], 1: [[1, 2, 3]] }),
      replicationFactor: 3,
      remove: 3,
    };
    expect(() => planRemoval({ ...input, reachable: new Set([1, 2, 3, 5, 6]) })).toThrow('UnsafeMembershipChange');
    expect(planRemoval({ ...input, reachable: all })[0]?.add).toBe(4);
  });

  test('of the last voter of a group is refused', () => {
    const input = {
      topology: topologyOf(1),
      table: tableOf({ 0: [[1]], 1: [[1]] }),
      replicationFactor: 1,
      reachable: all,
    };
    expect(() => planRemoval({ ...input, remove: 1 })).toThrow('with 0 of the 1 voters');
  });

  test('a learner simply leaves', () => {
    const steps = planRemoval({
      topology: topologyOf(1, nodeOf(2, { voter: false, state: 'learner' })),
      table: tableOf({ 0: [[1], [2]], 1: [[1], [2]] }),
      replicationFactor: 3,
      reachable: new Set([1]),
      remove: 2,
    });
    expect(steps).toEqual([
      { group: 1, role: 'learner', remove: 2, add: undefined },
      { group: 0, role: 'learner', remove: 2, add: undefined },
    ]);
  });

  test('of a node that holds nothing has no steps; an unknown one is refused', () => {
    const input = { topology: topologyOf(1, 2), table: tableOf({ 0: [[1]] }), replicationFactor: 1, reachable: all };
    expect(planRemoval({ ...input, remove: 2 })).toEqual([]);
    expect(() => planRemoval({ ...input, remove: 9 })).toThrow('there is no node 9');
  });

  test('a group that has more voters than the factor just shrinks', () => {
    const steps = planRemoval({
      topology: topologyOf(1, 2, 3, 4),
      table: tableOf({ 0: [[1, 2, 3, 4]], 1: [[1, 2, 3, 4]] }),
      replicationFactor: 3,
      reachable: all,
      remove: 4,
    });
    expect(steps.map(({ group, add }) => [group, add])).toEqual([
      [1, undefined],
      [0, undefined],
    ]);
  });

  test('group 0 gets another voter while it has no more than five, and a node is there', () => {
    const input = { replicationFactor: 3, reachable: all, remove: 5 };
    const table = tableOf({ 0: [[1, 2, 3, 4, 5]], 1: [[1, 2, 3]] });
    const stepsOf = (...nodes: number[]): unknown => planRemoval({ ...input, table, topology: topologyOf(...nodes) });
    expect(stepsOf(1, 2, 3, 4, 5, 6)).toEqual([{ group: 0, role: 'voter', remove: 5, add: 6 }]);
    expect(stepsOf(1, 2, 3, 4, 5)).toEqual([{ group: 0, role: 'voter', remove: 5, add: undefined }]);
  });
});
