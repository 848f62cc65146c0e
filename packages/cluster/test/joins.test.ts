import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

const viewOf = ({ node }: ClusterWorldNode) =>
  [...node.topology().nodes.values()].map(({ id, state }) => `${id} ${state}`);

describe('scenarios of joining', () => {
  test('one node founds, two join, and all see three active members', async () => {
    const world = new ClusterWorld();
    const nodes = await world.startCluster('a', 'b', 'c');
    await world.until(() => nodes.every((node) => viewOf(node).join() === '1 active,2 active,3 active'), 10_000);
    for (const node of nodes) expect(node.node.lifecycle).toEqual({ phase: 'ready', nodes: 3 });
  });

  test('a node that is stopped and started again without seeds restarts from its catalog, and nothing changes for the others', async () => {
    const world = new ClusterWorld();
    const nodes = await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    const [, b] = nodes as [ClusterWorldNode, ClusterWorldNode, ClusterWorldNode];
    const id = b.node.nodeId;
    const version = nodes[0]?.node.topology().version;
    await b.stop();
    await b.start({});
    expect(b.node.lifecycle.phase).toBe('restarting');
    await world.allReady(b);
    expect(b.node.nodeId).toBe(id);
    expect(b.node.lifecycle).toEqual({ phase: 'ready', nodes: 3 });
    expect(nodes[0]?.node.topology().version).toBe(version);
    await world.until(() => b.node.groupStatuses().every(({ leader }) => leader !== undefined));
  });

  test('after the founder died a fourth node joins through a follower', async () => {
    const world = new ClusterWorld();
    const [a, b] = (await world.startCluster('a', 'b', 'c')) as [ClusterWorldNode, ClusterWorldNode];
    await world.until(() => world.settled(3));
    a.crash();
    const d = world.node('d');
    await d.start({ seeds: [a.address, b.address] });
    await world.allReady(d);
    expect(d.eventsNamed('join.seed_unreachable')[0]).toMatchObject({ address: a.address });
    await world.until(() => d.node.topology().nodes.size === 4 && viewOf(d).includes('4 active'));
    for (const { node } of world.running) expect(node.topology().nodes.size).toBe(4);
  });

  test('five nodes that start at once with the full list of seeds form exactly one cluster with equal views', async () => {
    {
      const world = new ClusterWorld({ seed: 2, config: { numGroups: 3 } });
      const names = ['e', 'd', 'c', 'b', 'a'];
      const seeds = names.map((name) => world.node(name).address);
      for (const name of names) await world.node(name).start({ seeds });
      await world.allReady(...world.running);
      await world.until(() => world.settled(3), 30_000);
      await world.until(
        () =>
          world.running.every(
            (node) => viewOf(node).length === 5 && viewOf(node).every((line) => line.endsWith(' active')),
          ),
        30_000,
      );
      expect(new Set(world.running.map(({ node }) => node.clusterId)).size).toBe(1);
      await world.until(() => world.leader(0)?.node.groupStatus(0).members.length === 5, 30_000);
    }
  });

  test('a node that asks a follower follows its redirect', async () => {
    const world = new ClusterWorld();
    const [, b] = (await world.startCluster('a', 'b', 'c')) as [ClusterWorldNode, ClusterWorldNode];
    const leader = world.leader(0);
    const follower = leader === b ? world.node('c') : b;
    const d = world.node('d');
    await d.start({ seeds: [follower.address] });
    await world.allReady(d);
    expect(d.eventsNamed('join.redirect')).toEqual([
      { name: 'join.redirect', from: follower.address, to: leader?.address },
    ]);
  });

  test('joins work with leadership spread over the nodes', async () => {
    const world = new ClusterWorld();
    await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    await world.until(() => [...world.leaderCounts().values()].every((count) => count >= 2));
    const d = world.node('d');
    await d.start({ seeds: [world.node('b').address] });
    await world.allReady(d);
    expect(d.eventsNamed('join.attempt_failed')).toEqual([]);
  });

  test('two more nodes join three: every data group keeps exactly three voters', async () => {
    const world = new ClusterWorld();
    await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    for (const name of ['d', 'e']) await world.node(name).start({ seeds: [world.node('a').address] });
    await world.allReady(...world.running);
    await world.until(() => world.leader(0)?.node.groupStatus(0).members.length === 5);
    expect(world.settled(3)).toBe(true);
    await world.virtual.advance(10_000);
    expect(world.settled(3)).toBe(true);
  });

  test('opaque commands of group 0 reach the applier of every node, in one order, from any node', async () => {
    const applied: string[][] = [];
    const world = new ClusterWorld({
      metadataStateMachine: () => {
        const seen: string[] = [];
        applied.push(seen);
        return {
          apply: (commands) =>
            commands.map(({ data, index }) => {
              seen.push(utf8Decode(data));
              return utf8Encode(`at ${index}`);
            }),
          snapshot: () => ({ read: async function* () {}, release: () => undefined }),
          restore: () => Promise.resolve(),
        };
      },
    });
    const nodes = await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    const indexes: number[] = [];
    for (const [at, { node }] of nodes.entries()) {
      const { index, result } = await world.settle(node.metadata.propose(utf8Encode(`command ${at}`)));
      expect(utf8Decode(result)).toBe(`at ${index}`);
      indexes.push(index);
    }
    expect(indexes).toEqual(indexes.toSorted((x, y) => x - y));
    await world.until(() => applied.every((seen) => seen.length === 3), 5_000);
    for (const seen of applied) expect(seen).toEqual(['command 0', 'command 1', 'command 2']);
  });
});
