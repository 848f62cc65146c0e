import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

interface Three {
  readonly world: ClusterWorld;
  readonly leader: ClusterWorldNode;
  readonly between: ClusterWorldNode;
  readonly apart: ClusterWorldNode;
}

/** Three nodes: one leads group 0, one is linked with both others, and one is to have no way to the leader, nor the leader to it. */
async function threeNodes(): Promise<Three> {
  const world = new ClusterWorld({ config: { numGroups: 2 } });
  const nodes = await world.startCluster('a', 'b', 'c');
  await world.until(() => world.settled(3));
  const leader = world.leader(0) as ClusterWorldNode;
  const [between, apart] = nodes.filter((node) => node !== leader) as [ClusterWorldNode, ClusterWorldNode];
  return { world, leader, between, apart };
}

const isLinked = (node: ClusterWorldNode, id: number): boolean =>
  node.node.status().peers.some((peer) => peer.id === id && peer.connected);

describe('a node that group 0 must hear, where its leader and that node cannot reach each other', () => {
  test('a member that comes back at another address is dialled there, since a member between them forwards its word', async () => {
    const { world, leader, between, apart } = await threeNodes();
    const id = apart.node.nodeId;
    await apart.stop();
    // It cannot dial the leader, which goes on dialling where it was: as where the leader listens by a transport that it has no more.
    apart.cannotDial = [leader];
    const address = `mem://${apart.name}:2`;
    await apart.start({ ...apart.config, listen: [address] });
    await world.until(() => leader.node.topology().nodes.get(id)?.addresses.join() === address);
    expect(world.leader(0)).toBe(leader);
    await world.until(() => isLinked(leader, id) && isLinked(apart, leader.node.nodeId));
    expect(isLinked(between, id)).toBe(true);
  });

  test('members are added from a node that is not linked with the leader', async () => {
    const { world, leader, apart } = await threeNodes();
    world.network.disconnect(apart.name, leader.name);
    await world.until(() => !isLinked(apart, leader.node.nodeId));
    const { nodeId } = await world.settle(apart.node.members.add({ nodeId: 9 }));
    expect(nodeId).toBe(9);
    expect(leader.node.topology().version).toBeGreaterThan(0);
    await expect(world.settle(apart.node.members.remove(77))).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  test('a joiner that cannot dial the leader is let in by way of a member', async () => {
    const { world, leader, between } = await threeNodes();
    const joiner = world.node('d');
    joiner.cannotDial = [leader];
    await joiner.start({ seeds: [between.address] });
    await world.allReady(joiner);
    expect(joiner.eventsNamed('join.forward_asked')).toEqual([{ name: 'join.forward_asked', by: between.address }]);
    expect(leader.node.topology().nodes.get(4)).toMatchObject({ addresses: [joiner.address] });
    await world.until(() => isLinked(leader, 4));
  });

  test('one hop and no further: a member that has no way to the leader either does not ask the next', async () => {
    const { world, leader, between, apart } = await threeNodes();
    world.network.disconnect(between.name, leader.name);
    await world.until(() => !isLinked(between, leader.node.nodeId));
    expect(isLinked(apart, leader.node.nodeId) && isLinked(apart, between.node.nodeId)).toBe(true);
    const joiner = world.node('d');
    joiner.cannotDial = [leader, apart];
    await joiner.start({ seeds: [between.address] });
    await world.until(() => joiner.eventsNamed('join.attempt_failed').length === 2);
    expect(joiner.eventsNamed('join.attempt_failed')[1]?.error).toMatch(/no leader of group 0 is known/);
    expect(leader.node.topology().nodes.size).toBe(3);
    world.network.reconnect(between.name, leader.name);
    await world.allReady(joiner);
  });
});
