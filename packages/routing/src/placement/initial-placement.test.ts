import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { initialPlacement, initialRoutingTable, routingTableFault } from '../index.js';

describe('the first placement', () => {
  test('the k-th data group takes consecutive nodes from (k · factor) mod N on, group 0 the first ones', () => {
    const { groups, leaders } = initialPlacement({ nodes: [50, 10, 30, 20, 40], dataGroups: 4, replicationFactor: 3 });
    expect(groups.map(({ group, voters }) => [group, voters])).toEqual([
      [0, [10, 20, 30]],
      [1, [10, 20, 30]],
      [2, [10, 40, 50]],
      [3, [20, 30, 40]],
      [4, [10, 20, 50]],
    ]);
    expect([...leaders]).toEqual([
      [0, 10],
      [1, 10],
      [2, 40],
      [3, 20],
      [4, 50],
    ]);
  });

  test('one node holds every group alone', () => {
    const { groups } = initialPlacement({ nodes: [7], dataGroups: 8, replicationFactor: 3 });
    expect(groups.length).toBe(9);
    for (const { voters, learners, incarnation, confIndex } of groups) {
      expect([voters, learners, incarnation, confIndex]).toEqual([[7], [], 0, 0]);
    }
  });

  test('every group has as many replicas as the factor says, or all nodes; the table is sound', () => {
    const nodes = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(
        nodes,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 7 }),
        (ids, dataGroups, replicationFactor) => {
          const options = { nodes: ids, dataGroups, replicationFactor };
          const table = initialRoutingTable(options);
          expect(routingTableFault(table)).toBeUndefined();
          expect(table.version).toBe(1);
          for (const { voters } of table.groups.values())
            expect(voters.length).toBe(Math.min(replicationFactor, ids.length));
          for (const [group, leader] of initialPlacement(options).leaders)
            expect(table.groups.get(group)?.voters).toContain(leader);
        },
      ),
    );
  });

  test.each([
    ['no nodes', { nodes: [], dataGroups: 1, replicationFactor: 1 }],
    ['a node twice', { nodes: [1, 1], dataGroups: 1, replicationFactor: 1 }],
    ['no data groups', { nodes: [1], dataGroups: 0, replicationFactor: 1 }],
    ['a factor of 0', { nodes: [1], dataGroups: 1, replicationFactor: 0 }],
  ])('%s cannot be placed', (_, options) => {
    expect(() => initialPlacement(options)).toThrow('InvalidArgument');
  });
});
