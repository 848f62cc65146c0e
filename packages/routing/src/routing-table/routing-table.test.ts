import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createRoutingTable,
  EMPTY_ROUTING_TABLE,
  groupOfVshard,
  groupsOfNode,
  initialRoutingTable,
  type RoutingTable,
  uniformVshardMap,
  vshardCounts,
  vshardsOfGroup,
  withGroupCreated,
  withGroupMembership,
  withGroupRemoved,
  withVshardMoved,
} from '../index.js';

const table = initialRoutingTable({ nodes: [1, 2, 3], dataGroups: 4, replicationFactor: 3 });

describe('a lookup', () => {
  test('finds the group of a vShard, the vShards of a group and the groups of a node', () => {
    expect(groupOfVshard(table, 5)).toBe(2);
    expect(vshardsOfGroup(table, 2).slice(0, 3)).toEqual([1, 5, 9]);
    expect(vshardsOfGroup(table, 0)).toEqual([]);
    expect(groupsOfNode(table, 2).map(({ group }) => group)).toEqual([0, 1, 2, 3, 4]);
    expect(groupsOfNode(table, 9)).toEqual([]);
  });

  test('counts the vShards of every group, in each table of its own', () => {
    expect([...vshardCounts(table)]).toEqual([1, 2, 3, 4].map((group) => [group, vshardsOfGroup(table, group).length]));
    expect(vshardCounts(withVshardMoved(table, 5, 3)).get(2)).toBe(255);
    expect(vshardCounts(table).get(2)).toBe(256);
    expect(vshardCounts(EMPTY_ROUTING_TABLE).size).toBe(0);
  });

  test('of a vShard that no group owns, or that does not exist, finds nothing', () => {
    expect(groupOfVshard(EMPTY_ROUTING_TABLE, 5)).toBeUndefined();
    expect(groupOfVshard(table, 1024)).toBeUndefined();
    expect(groupOfVshard(table, -1)).toBeUndefined();
  });

  test('names voters and learners apart', () => {
    const next = withGroupMembership(table, { group: 2, incarnation: 0, confIndex: 5, voters: [1, 2], learners: [3] });
    expect(groupsOfNode(next, 3)[2]).toEqual({ group: 2, role: 'learner' });
  });
});

describe('a group’s report', () => {
  const report = { group: 2, incarnation: 0, confIndex: 5, voters: [1, 2], learners: [3] };

  test('is taken in under the next version, and the former table stays as it was', () => {
    const next = withGroupMembership(table, report);
    expect(next.version).toBe(table.version + 1);
    expect(next.groups.get(2)).toEqual(report);
    expect(table.groups.get(2)?.voters).toEqual([1, 2, 3]);
    expect([...next.groups.keys()]).toEqual([0, 1, 2, 3, 4]);
  });

  test('of a lower or equal confIndex is ignored', () => {
    const next = withGroupMembership(table, report);
    expect(withGroupMembership(next, { ...report, confIndex: 4, voters: [9] })).toBe(next);
    expect(withGroupMembership(next, { ...report, voters: [9] })).toBe(next);
  });

  test('of a group that is gone, or of its former incarnation, is ignored', () => {
    expect(withGroupMembership(table, { ...report, group: 77 })).toBe(table);
    const later = withGroupCreated(table, { group: 2, incarnation: 40, confIndex: 0, voters: [3], learners: [] });
    expect(withGroupMembership(later, { ...report, confIndex: 900 })).toBe(later);
    expect(() => withGroupMembership(table, { ...report, incarnation: 1 })).toThrow('InvalidArgument');
  });

  test.each([
    ['ids that do not ascend', [2, 1], []],
    ['an id twice', [1, 1], []],
    ['id 0', [0, 1], []],
    ['a learner that votes', [1, 2], [2]],
  ])('with %s is refused', (_, voters, learners) => {
    expect(() => withGroupMembership(table, { ...report, voters, learners })).toThrow('InvalidArgument');
  });
});

describe('vShards and groups', () => {
  test('a vShard moves to another group, never to group 0 or to none', () => {
    const next = withVshardMoved(table, 5, 3);
    expect(groupOfVshard(next, 5)).toBe(3);
    expect(next.version).toBe(table.version + 1);
    expect(withVshardMoved(table, 5, 2)).toBe(table);
    expect(() => withVshardMoved(table, 5, 0)).toThrow('InvalidArgument');
    expect(() => withVshardMoved(table, 5, 99)).toThrow('InvalidArgument');
    expect(() => withVshardMoved(table, 1024, 1)).toThrow('InvalidArgument');
  });

  test('a group that owns vShards, or group 0, is not removed; an empty one is, and may come again in a later incarnation', () => {
    expect(() => withGroupRemoved(table, 0)).toThrow('InvalidArgument');
    expect(() => withGroupRemoved(table, 2)).toThrow('owns 256 vShards');
    const more = withGroupCreated(table, { group: 9, incarnation: 50, confIndex: 0, voters: [1], learners: [] });
    const fewer = withGroupRemoved(more, 9);
    expect(fewer.groups.has(9)).toBe(false);
    expect(() => withGroupRemoved(fewer, 9)).toThrow('InvalidArgument');
    expect(() =>
      withGroupCreated(more, { group: 9, incarnation: 50, confIndex: 0, voters: [1], learners: [] }),
    ).toThrow('exists');
  });

  test('a table is made only of parts that fit', () => {
    const group = { group: 1, incarnation: 0, confIndex: 0, voters: [1], learners: [] };
    expect(() => createRoutingTable([group], uniformVshardMap(2))).toThrow('which is not there');
    expect(() => createRoutingTable([group, group], uniformVshardMap(1))).toThrow('twice');
    expect(() => createRoutingTable([group], [1])).toThrow('1 vShards instead of 1024');
    expect(createRoutingTable([group], uniformVshardMap(1)).version).toBe(1);
  });

  test('versions only grow, whatever changes come', () => {
    const change = fc.oneof(
      fc.tuple(fc.nat(5), fc.nat(20), fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 3 })).map(
        ([group, confIndex, ids]) =>
          (before: RoutingTable): RoutingTable =>
            withGroupMembership(before, { group, incarnation: 0, confIndex, voters: ids.toSorted(), learners: [] }),
      ),
      fc.tuple(fc.nat(1023), fc.integer({ min: 1, max: 4 })).map(
        ([vshard, group]) =>
          (before: RoutingTable): RoutingTable =>
            withVshardMoved(before, vshard, group),
      ),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        let now = table;
        for (const each of changes) {
          const next = each(now);
          expect(next.version).toBe(next === now ? now.version : now.version + 1);
          now = next;
        }
      }),
    );
  });
});
