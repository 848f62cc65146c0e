import { utf8Encode } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

async function grown(world: ClusterWorld, ...names: string[]): Promise<ClusterWorldNode[]> {
  const nodes = await world.startCluster('a', 'b', 'c');
  await world.until(() => world.settled(3));
  for (const name of names) {
    const node = world.node(name);
    await node.start({ seeds: nodes.map(({ address }) => address) });
    await world.allReady(node);
    nodes.push(node);
  }
  await world.until(() =>
    nodes.every(
      ({ node }) =>
        [...node.topology().nodes.values()].filter(({ state }) => state === 'active').length === nodes.length,
    ),
  );
  return nodes;
}

/** What every group's voters are, by group 0's table on a node. */
const votersOf = ({ node }: ClusterWorldNode) => [...node.routing().groups.values()].map(({ voters }) => voters);

describe('membership', () => {
  test('a removed node hands its leaderships over, its replicas go to others, and it is told that it is out', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [a, , , d] = (await grown(world, 'd')) as [
      ClusterWorldNode,
      ClusterWorldNode,
      ClusterWorldNode,
      ClusterWorldNode,
    ];
    const out = a.node.nodeId;
    await world.until(() => (world.leaderCounts().get(out) ?? 0) >= 2);
    await world.settle(d.node.members.remove(out));
    expect(d.node.topology().nodes.get(out)?.state).toBe('decommissioned');
    for (const voters of votersOf(d)) expect(voters).toEqual([2, 3, 4]);
    await world.until(() => a.node.lifecycle.phase === 'failed');
    await expect(a.node.whenReady()).rejects.toMatchObject({ code: 'UnknownIncarnation' });
    await a.stop();
    await world.until(() => world.settled(3));
  });

  test('a node that is to replace another at the moment in which it becomes ready opens its replicas', async () => {
    // Five voters everywhere: the newcomer enters no group by its join, and hears of none in the answer.
    const world = new ClusterWorld({ config: { numGroups: 2, replicationFactor: 5 } });
    const nodes = await world.startCluster('a', 'b', 'c', 'd', 'e');
    await world.until(() => world.settled(5));
    const newcomer = world.node('f');
    await newcomer.start({ seeds: nodes.map(({ address }) => address) });
    await world.allReady(newcomer);
    const [a, b] = nodes as [ClusterWorldNode, ClusterWorldNode];
    await world.settle(a.node.members.replace(b.node.nodeId, newcomer.node.nodeId));
    for (const voters of votersOf(a)) expect(voters).toEqual([1, 3, 4, 5, 6]);
  });

  test('a removed node that was away learns that it is out when it comes back', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [, b, c, d] = (await grown(world, 'd')) as [
      ClusterWorldNode,
      ClusterWorldNode,
      ClusterWorldNode,
      ClusterWorldNode,
    ];
    const out = c.node.nodeId;
    c.crash();
    await world.settle(b.node.members.replace(out, d.node.nodeId));
    await world.until(() => world.settled(3));
    await c.start();
    await world.until(() => c.node.lifecycle.phase === 'failed');
    await expect(c.node.whenReady()).rejects.toMatchObject({ code: 'UnknownIncarnation', details: { node: out } });
  });

  test('a removal that would leave a group with too few voters is refused, with the numbers, and changes nothing', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [a] = (await grown(world)) as [ClusterWorldNode];
    await world.until(() => votersOf(a).every((voters) => voters.length === 3));
    const before = votersOf(a);
    await expect(world.settle(a.node.members.remove(2))).rejects.toMatchObject({
      code: 'UnsafeMembershipChange',
      details: { node: 2, voters: 2, required: 3 },
    });
    expect(votersOf(a)).toEqual(before);
    expect(a.node.topology().nodes.get(2)?.state).toBe('active');
  });

  test('a removal while too few voters can be reached is refused with QuorumLost', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [a, b, c, d, e] = (await grown(world, 'd', 'e')) as ClusterWorldNode[];
    await world.until(() => world.leader(0)?.node.groupStatus(0).members.length === 5);
    const keep = world.leader(0) as ClusterWorldNode;
    const others = [a, b, c]
      .filter((node): node is ClusterWorldNode => node !== undefined && node !== keep)
      .slice(0, 2);
    for (const node of others) node.crash();
    await world.until(() => world.leader(0) !== undefined);
    await world.virtual.advance(3_000);
    const victim = keep === a ? 1 : keep.node.nodeId;
    await expect(world.settle((d ?? e ?? keep).node.members.remove(victim))).rejects.toMatchObject({
      code: 'QuorumLost',
    });
  });

  test('unknown nodes, and a replacement that is none, are refused', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [a] = (await grown(world)) as [ClusterWorldNode];
    await expect(world.settle(a.node.members.remove(77))).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(world.settle(a.node.members.replace(2, 77))).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(world.settle(a.node.members.replace(2, 2))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  test('a node of four is removed and another added, over and over, and no data group ever settles above three voters', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const nodes = await grown(world, 'd');
    for (const [round, name] of ['e', 'f'].entries()) {
      const removed = nodes[round + 1] as ClusterWorldNode;
      const asked = nodes.at(-1) as ClusterWorldNode;
      await world.settle(asked.node.members.remove(removed.node.nodeId));
      await removed.stop();
      const node = world.node(name);
      await node.start({ seeds: [asked.address] });
      await world.allReady(node);
      nodes.push(node);
      await world.until(() => world.settled(3));
    }
    const [, leaver] = [...world.running];
    expect(leaver?.node.topology().lastNodeId).toBe(6);
  });

  test('an id is reserved for a node to come, and is not given to another', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [, b] = (await grown(world)) as [ClusterWorldNode, ClusterWorldNode];
    const added = await world.settle(b.node.members.add());
    expect(added).toMatchObject({ nodeId: 4, clusterId: b.node.clusterId });
    expect(added.seeds).toHaveLength(3);
    await expect(world.settle(b.node.members.add({ nodeId: 2 }))).rejects.toMatchObject({ code: 'NodeIdCollision' });
    const e = world.node('e');
    await e.start({ seeds: added.seeds });
    await world.allReady(e);
    expect(e.node.nodeId).toBe(5);
    const d = world.node('d');
    await d.start({ seeds: added.seeds, nodeId: added.nodeId });
    await world.allReady(d);
    expect(d.node.nodeId).toBe(4);
  });

  test('a node with voter false follows group 0 and the groups that it names, and is never promoted', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    await world.startCluster('a', 'b', 'c');
    await world.until(() => world.settled(3));
    const d = world.node('d');
    await d.start({ seeds: [world.node('a').address], voter: false, learnerGroups: [2, 5] });
    await world.allReady(d);
    await world.until(() => d.node.topology().nodes.get(4)?.state === 'learner');
    const leader = world.leader(2) as ClusterWorldNode;
    await world.settle(leader.node.proposeToGroup(2, utf8Encode('for all')));
    await world.until(() => d.machines.get(2)?.texts.includes('for all') === true);
    await world.virtual.advance(5_000);
    expect(d.node.groupStatuses().map(({ group, role }) => [group, role])).toEqual([
      [0, 'learner'],
      [2, 'learner'],
      [5, 'learner'],
    ]);
    for (const voters of votersOf(d)) expect(voters).toEqual([1, 2, 3]);
  });

  test('a leadership is handed over on request, from any node', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const nodes = await grown(world);
    await world.virtual.advance(5_000);
    const leader = world.leader(1) as ClusterWorldNode;
    const [to, asked] = nodes.filter((node) => node !== leader) as [ClusterWorldNode, ClusterWorldNode];
    await world.settle(asked.node.transfer(1, to.node.nodeId));
    await world.until(() => world.leader(1) === to);
    await expect(world.settle(asked.node.transfer(1, 99))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  test('a group of one voter moves to another node', async () => {
    const world = new ClusterWorld({ config: { replicationFactor: 1, numGroups: 2 } });
    const [a] = (await world.startCluster('a')) as [ClusterWorldNode];
    await world.until(() => world.leader(1) === a);
    await world.settle(a.node.proposeToGroup(1, utf8Encode('moved along')));
    const b = world.node('b');
    await b.start({ seeds: [a.address] });
    await world.allReady(b);
    await world.until(() => b.node.topology().nodes.get(2)?.state === 'active');
    await world.settle(b.node.members.replace(1, 2));
    await world.until(() =>
      b.node.groupStatuses().every(({ role, members }) => role === 'leader' && members.join() === '2'),
    );
    expect(b.machines.get(1)?.texts).toContain('moved along');
    b.crash();
    await b.start();
    await world.allReady(b);
    await world.until(() => b.node.groupStatuses().every(({ role }) => role === 'leader'));
  });

  test('a replica is opened and filled on a running node that held none', async () => {
    const world = new ClusterWorld({ config: { numGroups: 5 } });
    const [a, b, c, d] = (await grown(world, 'd')) as [
      ClusterWorldNode,
      ClusterWorldNode,
      ClusterWorldNode,
      ClusterWorldNode,
    ];
    expect(d.node.groupStatuses().map(({ group }) => group)).toEqual([0]);
    const leader = world.leader(3) as ClusterWorldNode;
    await world.settle(leader.node.proposeToGroup(3, utf8Encode('moved along')));
    const out = [a, b, c].find((node) => node !== leader) as ClusterWorldNode;
    await world.settle(leader.node.members.replace(out.node.nodeId, 4));
    await world.until(() => d.machines.get(3)?.texts.includes('moved along') === true);
    expect(d.node.groupCount).toBe(6);
    expect(d.eventsNamed('group.added').length).toBeGreaterThanOrEqual(6);
  });
});
