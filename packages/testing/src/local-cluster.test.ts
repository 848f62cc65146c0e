import { VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { LocalCluster } from './index.js';

describe('LocalCluster', () => {
  test('three nodes, put, crash the leader, get', async () => {
    const cluster = await LocalCluster.start();
    await cluster.client.put('greeting', 'hello');
    await cluster.crash(await cluster.leader('greeting'));
    expect((await cluster.client.get('greeting'))?.text()).toBe('hello');
    await cluster.stop();
  });

  test('the same in virtual time, twice with the same seed: the same moment', async () => {
    const moments: number[] = [];
    for (let run = 0; run < 2; run++) {
      const world = new VirtualWorld({ seed: 11 });
      const cluster = await world.settle(LocalCluster.start({ runtime: world.createRuntime() }));
      await world.settle(cluster.client.put('a', '1'));
      const leader = await world.settle(cluster.leader('a'));
      await world.settle(cluster.crash(leader));
      expect((await world.settle(cluster.client.get('a')))?.text()).toBe('1');
      moments.push(world.now());
      await world.settle(cluster.stop());
    }
    expect(moments[0]).toBe(moments[1]);
  });

  test('a crashed node comes back with its data and catches up', async () => {
    const world = new VirtualWorld({ seed: 3 });
    const cluster = await world.settle(
      LocalCluster.start({ runtime: world.createRuntime(), config: { numGroups: 2 } }),
    );
    for (let i = 0; i < 20; i++) await world.settle(cluster.client.put(`before ${i}`, `${i}`));
    await world.settle(cluster.crash('n2'));
    for (let i = 0; i < 20; i++) await world.settle(cluster.client.put(`after ${i}`, `${i}`));
    await world.settle(cluster.restart('n2'));
    await world.settle(cluster.settled());
    await world.settle(cluster.crash('n1'));
    for (let i = 0; i < 20; i++) {
      expect((await world.settle(cluster.client.get(`before ${i}`)))?.text()).toBe(`${i}`);
      expect((await world.settle(cluster.client.get(`after ${i}`)))?.text()).toBe(`${i}`);
    }
    await world.settle(cluster.stop());
  });

  test('a node is added, and a wiped one comes back as a new one that takes its place', async () => {
    const world = new VirtualWorld({ seed: 5 });
    const cluster = await world.settle(
      LocalCluster.start({ runtime: world.createRuntime(), config: { numGroups: 2 } }),
    );
    await world.settle(cluster.client.put('kept', 'yes'));
    const old = cluster.node('n3').nodeId;
    await world.settle(cluster.crash('n3'));
    await world.settle(cluster.wipe('n3'));
    await world.settle(cluster.restart('n3'));
    const fresh = cluster.node('n3').nodeId;
    expect(fresh).not.toBe(old);
    await world.runUntil(() => cluster.node('n1').topology().nodes.get(fresh)?.state === 'active');
    await world.settle(cluster.node('n1').members.replace(old, fresh));
    await world.settle(cluster.settled());
    expect(await world.settle(cluster.addNode())).toBe('n4');
    await world.settle(cluster.crash('n1'));
    expect((await world.settle(cluster.client.get('kept')))?.text()).toBe('yes');
    await world.settle(cluster.stop());
  });

  test('a leader that is cut off is replaced, and the old one yields when it is back', async () => {
    const world = new VirtualWorld({ seed: 9 });
    const cluster = await world.settle(
      LocalCluster.start({ runtime: world.createRuntime(), config: { numGroups: 2 } }),
    );
    await world.settle(cluster.client.put('k', '1'));
    const leader = await world.settle(cluster.leader('k'));
    cluster.network.isolate(leader);
    await world.settle(cluster.client.put('k', '2'));
    cluster.network.rejoin(leader);
    await world.settle(cluster.settled());
    expect((await world.settle(cluster.client.get('k')))?.text()).toBe('2');
    await world.settle(cluster.stop());
  });

  test('unknown names, and nodes that are down, are refused by name', async () => {
    const world = new VirtualWorld({ seed: 1 });
    const cluster = await world.settle(
      LocalCluster.start({ nodes: 1, runtime: world.createRuntime(), config: { numGroups: 1 } }),
    );
    expect(() => cluster.node('n9')).toThrow(/there is no node n9/);
    await expect(cluster.wipe('n1')).rejects.toThrow(/n1 is up/);
    await world.settle(cluster.crash('n1'));
    expect(() => cluster.node('n1')).toThrow(/n1 is down/);
    await world.settle(cluster.stop());
  });
});
