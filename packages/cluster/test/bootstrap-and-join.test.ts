import { describe, expect, test } from 'vitest';
import { ClusterWorld } from './world/cluster-world.js';

describe('bootstrap and join', () => {
  test('a single node founds a cluster, leads all its groups and is ready', async () => {
    const world = new ClusterWorld();
    const [one] = await world.startCluster('a');
    expect(one?.node.nodeId).toBe(1);
    expect(one?.node.lifecycle).toEqual({ phase: 'ready', nodes: 1 });
    await world.until(() => one?.node.groupStatuses().every(({ role }) => role === 'leader') === true);
    expect(one?.node.groupCount).toBe(9);
    expect(one?.node.routing().groups.size).toBe(9);
  });

  test('three nodes that start at once form one cluster, and every data group ends with exactly three voters', async () => {
    const world = new ClusterWorld();
    const nodes = await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    expect(new Set(nodes.map(({ node }) => node.clusterId)).size).toBe(1);
    expect(nodes.map(({ node }) => node.nodeId).toSorted()).toEqual([1, 2, 3]);
  });
});
