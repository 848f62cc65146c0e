import { utf8Encode } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

type Three = [ClusterWorldNode, ClusterWorldNode, ClusterWorldNode];

async function settledThree(world: ClusterWorld): Promise<Three> {
  const nodes = await world.startCluster('a', 'b', 'c');
  await world.until(() => world.settled(3));
  return nodes as Three;
}

async function put(world: ClusterWorld, group: number, text: string): Promise<void> {
  await world.until(() => world.leader(group) !== undefined);
  const leader = world.leader(group)?.node;
  if (leader === undefined) throw new Error('no leader');
  await world.settle(leader.proposeToGroup(group, utf8Encode(text)));
}

const texts = (node: ClusterWorldNode, group: number) => node.machines.get(group)?.texts ?? [];

describe('restarts', () => {
  test('all three killed at once come back with all acknowledged data', async () => {
    const world = new ClusterWorld();
    const nodes = await settledThree(world);
    for (let i = 0; i < 16; i++) await put(world, 1 + (i % 8), `put ${i}`);
    for (const node of nodes) node.crash();
    for (const node of nodes) await node.start();
    await world.allReady(...nodes);
    await put(world, 1, 'after');
    for (let i = 0; i < 16; i++) {
      await world.until(() => nodes.every((node) => texts(node, 1 + (i % 8)).includes(`put ${i}`)));
    }
  });

  test('a node whose snapshot of group 0 is as new as its log is ready again although nothing more is committed', async () => {
    const world = new ClusterWorld({ config: { numGroups: 1, compaction: { entries: 4 } } });
    const nodes = await settledThree(world);
    const [a, b] = nodes;
    const isAtEnd = (): boolean => b.node.snapshotMetadata(0)?.index === a.node.groupStatus(0).lastIndex;
    for (let entry = 0; entry < 4 && !isAtEnd(); entry++) {
      await world.settle(a.node.metadata.propose(utf8Encode('one more entry')));
      await world.virtual.advance(1_000);
    }
    expect(isAtEnd()).toBe(true);
    b.crash();
    await b.start();
    await world.allReady(b);
    expect(isAtEnd()).toBe(true);
  });

  test('all three come back at other addresses, find each other by the seeds, and the topology follows', async () => {
    const world = new ClusterWorld();
    const nodes = await settledThree(world);
    await put(world, 1, 'before');
    for (const node of nodes) node.crash();
    const moved = nodes.map(({ name }) => `mem://${name}:2`);
    for (const [at, node] of nodes.entries()) await node.start({ listen: [moved[at] ?? ''], seeds: moved });
    await world.allReady(...nodes);
    await put(world, 1, 'after');
    await world.until(() =>
      nodes.every(({ node }) =>
        [...node.topology().nodes.values()].every(({ addresses }) => moved.includes(addresses[0] ?? '')),
      ),
    );
    expect(nodes.map(({ node }) => node.nodeId).toSorted()).toEqual([1, 2, 3]);
  });

  test('one node comes back at another address, and the others, which do not know where, are found by it', async () => {
    const world = new ClusterWorld();
    const [, b] = await settledThree(world);
    b.crash();
    await b.start({ listen: ['mem://b:7'], seeds: [] });
    await world.allReady(b);
    await world.until(() =>
      world.running.every(({ node }) => node.topology().nodes.get(b.node.nodeId)?.addresses[0] === 'mem://b:7'),
    );
  });

  test('leadership of data groups becomes even within one after start, and again after a crash and a restart', async () => {
    const world = new ClusterWorld();
    const [, b] = await settledThree(world);
    const isEven = (): boolean => {
      const counts = [...world.leaderCounts().values()];
      return counts.reduce((sum, count) => sum + count, 0) === 8 && Math.max(...counts) - Math.min(...counts) <= 1;
    };
    await world.until(isEven);
    b.crash();
    await world.until(isEven);
    await b.start();
    await world.allReady(b);
    await world.until(() => isEven() && world.leaderCounts().size === 3);
    await world.virtual.advance(2_000);
    const before = world.running.map((node) => node.eventsNamed('leader.changed').length);
    await world.virtual.advance(20_000);
    expect(world.running.map((node) => node.eventsNamed('leader.changed').length)).toEqual(before);
  });

  test('each acquisition of the leadership of group 0 has an epoch of its own, the same for all nodes, and kept', async () => {
    const world = new ClusterWorld();
    const nodes = await settledThree(world);
    const epochs = new Set<number>();
    for (let round = 0; round < 4; round++) {
      await world.until(() => world.leader(0) !== undefined);
      const leader = world.leader(0) as ClusterWorldNode;
      leader.crash();
      await world.until(() => world.leader(0) !== undefined);
      const bumped = (world.leader(0) as ClusterWorldNode).node;
      await world.until(() => bumped.epoch > Math.max(0, ...epochs));
      expect(epochs.has(bumped.epoch)).toBe(false);
      epochs.add(bumped.epoch);
      await world.until(() => world.running.every(({ node }) => node.epoch === bumped.epoch));
      await leader.start();
      await world.allReady(leader);
      await world.until(() => leader.node.epoch === bumped.epoch);
    }
    const acquired = nodes.flatMap((node) => node.eventsNamed('epoch.bumped').map(({ epoch }) => epoch));
    expect(new Set(acquired).size).toBe(acquired.length);
    const highest = Math.max(...epochs);
    for (const node of nodes) await node.stop();
    for (const node of nodes) {
      await node.start();
      expect(node.node.epoch).toBeGreaterThanOrEqual(highest);
    }
  });

  test('a wiped node is refused under its old identity, then replaced by a new one', async () => {
    const world = new ClusterWorld();
    const [a, b, c] = await settledThree(world);
    await put(world, 1, 'kept');
    const old = c.node.nodeId;
    c.crash();
    c.wipe();
    const seeds = [a.address, b.address];
    await c.start({ seeds, nodeId: old });
    await world.until(() => c.node.lifecycle.phase === 'failed');
    await expect(c.node.whenReady()).rejects.toMatchObject({ code: 'UnknownIncarnation', details: { node: old } });
    await c.stop();
    c.wipe();
    await c.start({ seeds, nodeId: 4 });
    await world.allReady(c);
    await world.until(() => c.node.topology().nodes.get(4)?.state === 'active');
    await world.settle(b.node.members.replace(old, 4));
    await world.until(() => world.settled(3));
    for (const { group, voters } of b.node.routing().groups.values())
      expect([group, voters]).toEqual([group, [1, 2, 4]]);
    expect(b.node.topology().nodes.get(old)?.state).toBe('decommissioned');
    await world.until(() => texts(c, 1).includes('kept'));
  });

  test('the smallest seed does not found a second cluster when its disk is wiped', async () => {
    const world = new ClusterWorld();
    const [a, b] = await settledThree(world);
    const { clusterId } = b.node;
    a.crash();
    a.wipe();
    await a.start({ seeds: [a.address, b.address], nodeId: 1 });
    await world.until(() => a.node.lifecycle.phase === 'failed');
    expect(a.node.clusterId).toBeUndefined();
    await a.stop();
    await a.start({ seeds: [a.address, b.address] });
    await world.allReady(a);
    expect(a.node.clusterId).toBe(clusterId);
    expect(a.node.nodeId).toBe(4);
  });

  test('a log that was lost beside its catalog is not taken for a new one', async () => {
    const world = new ClusterWorld();
    const [, b] = await settledThree(world);
    await world.virtual.advance(1_000);
    b.crash();
    for (const path of b.files.paths().filter((each) => each.startsWith('log-0/'))) await b.files.remove(path);
    await b.start();
    await world.until(() => b.node.lifecycle.phase === 'failed');
    await expect(b.node.whenReady()).rejects.toMatchObject({ code: 'StorageCorrupt' });
  });

  test('a node whose catalog failed ends, as one whose log failed does, and goes on when it is started again', async () => {
    const world = new ClusterWorld();
    const [a, b] = await settledThree(world);
    b.files.onCall = ({ path, operation }) =>
      path.includes('catalog') && operation === 'writeAt' ? { kind: 'fail' } : undefined;
    // A change of the topology, which every node notes.
    await world.settle(a.node.members.add({ nodeId: 77 }));
    await world.until(() => b.node.lifecycle.phase === 'failed');
    await expect(b.node.whenReady()).rejects.toMatchObject({ code: 'StorageFailed' });
    b.crash();
    b.files.onCall = undefined;
    await b.start();
    await world.allReady(b);
    await world.until(() => b.node.topology().version === a.node.topology().version);
  });

  test('a node with another id in its configuration than on its disk does not start', async () => {
    const world = new ClusterWorld();
    const [, b] = await settledThree(world);
    await b.stop();
    await expect(b.start({ nodeId: 9 })).rejects.toMatchObject({ code: 'InvalidConfig', details: { key: 'nodeId' } });
  });
});
