import { ConfChangeTransition, ConfChangeType, type ConfState } from '@flotilla/raft-core';
import { EMPTY_TOPOLOGY, type GroupPlacement, initialRoutingTable, type NodeState, withNode } from '@flotilla/routing';
import { describe, expect, test } from 'vitest';
import { EMPTY_METADATA, type MetadataState } from '../metadata/metadata-state.js';
import { belongsTo, groupsMissing, isEmptied, placementSteps } from './placement-step.js';
import { promotionOf } from './promotion-policy.js';

interface Place {
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
}

/** A state with these actual and wanted places, by group. */
function stateOf(
  actual: Record<number, Place>,
  targets: Record<number, Place>,
  states: Record<number, NodeState> = {},
): MetadataState {
  let topology = EMPTY_TOPOLOGY;
  for (const id of [1, 2, 3, 4, 5, 6]) {
    topology = withNode(topology, {
      id,
      name: undefined,
      addresses: [],
      state: states[id] ?? 'active',
      incarnation: String(id).repeat(16),
      voter: id !== 6,
      versions: { min: 1, max: 1 },
      spkiPins: [],
    });
  }
  const placements = (places: Record<number, Place>, confIndex: number): Map<number, GroupPlacement> =>
    new Map(
      Object.entries(places).map(([group, { voters, learners = [] }]) => [
        Number(group),
        { group: Number(group), incarnation: 0, confIndex, voters, learners },
      ]),
    );
  const table = initialRoutingTable({ nodes: [1], dataGroups: 2, replicationFactor: 3 });
  return {
    ...EMPTY_METADATA,
    clusterId: 'aa'.repeat(16),
    replicationFactor: 3,
    topology,
    routing: { ...table, groups: placements(actual, 5) },
    targets: placements(targets, 0),
  };
}

const conf = (
  voters: readonly number[],
  learners: readonly number[] = [],
  votersOutgoing: readonly number[] = [],
): ConfState => ({
  voters,
  learners,
  votersOutgoing,
  learnersNext: [],
  autoLeave: false,
});

describe('steps towards a target', () => {
  test('a wanted node becomes a learner first; a running one opens its replica before', () => {
    const state = stateOf({ 1: { voters: [1] } }, { 1: { voters: [1, 2, 3] } }, { 3: 'joining' });
    expect(placementSteps(state, 1)).toEqual([
      { kind: 'add-learner', group: 1, node: 2, open: true },
      { kind: 'add-learner', group: 1, node: 3, open: false },
    ]);
  });

  test('a learner that has joined meanwhile is told to open its replica: its answer may have been older than the target', () => {
    const places = [{ 1: { voters: [1, 2, 3], learners: [4] } }, { 1: { voters: [1, 2, 4] } }] as const;
    expect(placementSteps(stateOf(...places, { 4: 'joining' }), 1)).toEqual([]);
    expect(placementSteps(stateOf(...places), 1)).toEqual([{ kind: 'open', group: 1, node: 4 }]);
  });
  test('learners that nobody wants go; wanted ones wait for their promotion', () => {
    const state = stateOf({ 1: { voters: [1, 2], learners: [3, 4] } }, { 1: { voters: [1, 2, 3] } });
    expect(placementSteps(state, 1)).toEqual([
      { kind: 'open', group: 1, node: 3 },
      { kind: 'remove', group: 1, node: 4 },
    ]);
  });

  test('a voter goes only once all that are wanted vote', () => {
    const waiting = stateOf({ 1: { voters: [1, 2, 3], learners: [4] } }, { 1: { voters: [1, 2, 4] } });
    expect(placementSteps(waiting, 1)).toEqual([{ kind: 'open', group: 1, node: 4 }]);
    const there = stateOf({ 1: { voters: [1, 2, 3, 4] } }, { 1: { voters: [1, 2, 4] } });
    expect(placementSteps(there, 1)).toEqual([{ kind: 'remove', group: 1, node: 3 }]);
  });

  test('group 0 last: a node leaves it when it is out of every data group', () => {
    const target = { 0: { voters: [1, 2, 4] }, 1: { voters: [1, 2, 4] } };
    const early = stateOf({ 0: { voters: [1, 2, 3, 4] }, 1: { voters: [1, 2, 3] } }, target);
    expect(placementSteps(early, 0)).toEqual([]);
    const late = stateOf({ 0: { voters: [1, 2, 3, 4] }, 1: { voters: [1, 2, 4] } }, target);
    expect(placementSteps(late, 0)).toEqual([{ kind: 'remove', group: 0, node: 3 }]);
  });

  test('a group at its target, and one of another incarnation, need nothing', () => {
    const there = stateOf({ 1: { voters: [1, 2, 3] } }, { 1: { voters: [1, 2, 3] } });
    expect(placementSteps(there, 1)).toEqual([]);
    const target = there.targets.get(1) as GroupPlacement;
    const later = { ...there, targets: new Map([[1, { ...target, incarnation: 9, voters: [5] }]]) };
    expect(placementSteps(later, 1)).toEqual([]);
  });

  test('what a joiner still waits for, and when a drained node is empty', () => {
    const state = stateOf(
      { 0: { voters: [1], learners: [2] }, 1: { voters: [1] } },
      { 0: { voters: [1, 2] }, 1: { voters: [1, 2] } },
    );
    expect(groupsMissing(state, 2)).toEqual([1]);
    expect(belongsTo(state, 1, 2)).toBe(true);
    expect(belongsTo(state, 1, 3)).toBe(false);
    const drained = stateOf({ 1: { voters: [1, 2] } }, { 1: { voters: [1] } }, { 2: 'draining', 3: 'draining' });
    expect(isEmptied(drained, 2)).toBe(false);
    expect(isEmptied(drained, 3)).toBe(true);
    expect(isEmptied(drained, 4)).toBe(false);
  });
});

describe('promotion of a learner that has caught up', () => {
  const simple = (nodeId: number) => ({ kind: 'v1', type: ConfChangeType.AddNode, nodeId });
  const swap = (into: number, out: number) => ({
    kind: 'v2',
    transition: ConfChangeTransition.JointImplicit,
    changes: [
      { type: ConfChangeType.AddNode, nodeId: into },
      { type: ConfChangeType.RemoveNode, nodeId: out },
    ],
  });

  const promotion = (
    state: MetadataState,
    leader: number,
    group: number,
    learner: number,
    members: ConfState,
    silent: readonly number[] = [],
  ): unknown =>
    promotionOf(state, { group, leader, conf: members, isHeard: (node) => !silent.includes(node) }, learner);

  test('makes it a voter while the group has room', () => {
    const state = stateOf({}, { 1: { voters: [1, 2, 3] } });
    expect(promotion(state, 1, 1, 2, conf([1], [2, 3]))).toMatchObject(simple(2));
    expect(promotion(state, 1, 1, 3, conf([1, 2], [3]))).toMatchObject(simple(3));
  });

  test('never above the replication factor, nor five in group 0, and nobody that the target does not want', () => {
    const state = stateOf({}, { 0: { voters: [1, 2, 3, 4, 5] }, 1: { voters: [1, 2, 3, 4] } });
    expect(promotion(state, 1, 1, 4, conf([1, 2, 3], [4]))).toBeUndefined();
    expect(promotion(state, 1, 0, 5, conf([1, 2, 3, 4], [5]))).toMatchObject(simple(5));
    expect(promotion(state, 1, 1, 5, conf([1, 2], [5]))).toBeUndefined();
    expect(promotion(state, 1, 7, 5, conf([1, 2], [5]))).toBeUndefined();
  });

  test('a node that never votes stays a learner', () => {
    const state = stateOf({}, { 1: { voters: [1, 6], learners: [] } });
    expect(promotion(state, 1, 1, 6, conf([1], [6]))).toBeUndefined();
  });

  test('a replacement is one joint change: in and out at once', () => {
    const state = stateOf({}, { 1: { voters: [1, 2, 4] } });
    expect(promotion(state, 1, 1, 4, conf([1, 2, 3], [4]))).toMatchObject(swap(4, 3));
  });

  test('a leader does not put itself out, unless it is the only voter: then the learner votes beside it first', () => {
    const state = stateOf({}, { 1: { voters: [1, 2, 4] }, 2: { voters: [4] } });
    expect(promotion(state, 3, 1, 4, conf([1, 2, 3], [4]))).toBeUndefined();
    expect(promotion(state, 3, 2, 4, conf([3], [4]))).toMatchObject(simple(4));
  });

  test('in group 0 nobody is put out before it has left the data groups', () => {
    const targets = { 0: { voters: [1, 2, 4] }, 1: { voters: [1, 2, 4] } };
    const early = stateOf({ 1: { voters: [1, 2, 3] } }, targets);
    expect(promotion(early, 1, 0, 4, conf([1, 2, 3], [4]))).toBeUndefined();
    const late = stateOf({ 1: { voters: [1, 2, 4] } }, targets);
    expect(promotion(late, 1, 0, 4, conf([1, 2, 3], [4]))).toMatchObject(swap(4, 3));
  });

  test('nothing while a joint configuration is in force', () => {
    const state = stateOf({}, { 1: { voters: [1, 2, 3] } });
    expect(promotion(state, 1, 1, 3, conf([1, 2], [3], [1]))).toBeUndefined();
  });

  test('no voter is put out while too few of those who vote then are heard of', () => {
    const state = stateOf({}, { 1: { voters: [1, 3, 4] } });
    // Node 4 caught up and fell silent: without node 2, node 1 would be alone with two that say nothing.
    expect(promotion(state, 1, 1, 4, conf([1, 2, 3], [4]), [3, 4])).toBe('later');
    expect(promotion(state, 1, 1, 4, conf([1, 2, 3], [4]), [4])).toMatchObject(swap(4, 2));
    expect(promotion(state, 1, 1, 4, conf([1, 2, 3], [4]), [3])).toMatchObject(swap(4, 2));
  });

  test('of the voters that are to leave, one goes without which the others can commit', () => {
    const state = stateOf({}, { 1: { voters: [1, 4, 5] } });
    expect(promotion(state, 1, 1, 4, conf([1, 2, 3], [4]), [3, 4])).toMatchObject(swap(4, 3));
  });

  test('nobody is made a voter beside others of whom too few are heard of', () => {
    const state = stateOf({}, { 1: { voters: [1, 2, 3] }, 2: { voters: [2] } });
    expect(promotion(state, 1, 1, 2, conf([1], [2]), [2])).toBe('later');
    expect(promotion(state, 1, 1, 3, conf([1, 2], [3]), [3])).toMatchObject(simple(3));
    expect(promotion(state, 1, 2, 2, conf([1], [2]), [2])).toBe('later');
  });
});
