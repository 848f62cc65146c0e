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

  test('a joiner is joining until it serves; it saves what it was told before it opens any group; both then see two nodes', async () => {
    const world = new ClusterWorld({ config: { numGroups: 2 } });
    const [a] = await world.startCluster('a');
    const b = world.node('b');
    const saves: number[] = [];
    b.files.onCall = ({ path, operation }) => {
      if (path.includes('catalog/') && operation !== 'open') saves.push(b.events.length);
      return undefined;
    };
    await b.start({ seeds: [world.node('a').address] });
    expect(b.node.lifecycle.phase).not.toBe('ready');
    await world.allReady(b);
    const names = b.events.map(({ name }) => name);
    const [joined, opened] = [names.indexOf('join.joined'), names.indexOf('group.added')];
    expect(joined).toBeGreaterThanOrEqual(0);
    expect(opened).toBeGreaterThan(joined);
    expect(saves.some((eventsBefore) => eventsBefore > joined && eventsBefore <= opened)).toBe(true);
    const phases = b.eventsNamed('lifecycle.changed').map(({ phase, detail }) => `${phase} ${detail}`);
    expect(phases.slice(0, 2)).toEqual(['joining attempt 0', 'ready 2 nodes']);
    expect([a?.node.topology().nodes.size, b.node.topology().nodes.size]).toEqual([2, 2]);
    expect([a?.node.routing().groups.size, b.node.routing().groups.size]).toEqual([3, 3]);
  });
});
