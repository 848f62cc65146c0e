import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

/** Few groups, so that a start is short. */
const small = { numGroups: 2 };

/** Starts a node that dies at the n-th call of its disk from now on, in one of three ways. Resolves with whether it died. */
async function startAndDie(
  world: ClusterWorld,
  node: ClusterWorldNode,
  call: number,
  seeds: readonly string[],
): Promise<boolean> {
  const when = (['before', 'during', 'after'] as const)[call % 3] ?? 'during';
  let died = false;
  const first = node.files.calls;
  node.files.onCall = ({ number }) => {
    if (number !== first + call || died) return undefined;
    died = true;
    node.runtime.halt();
    world.network.crash(node.name);
    return { kind: 'crash', when };
  };
  const started = node.launch({ seeds }).catch(() => undefined);
  await world.until(() => died || node.running?.lifecycle.phase === 'ready', 20_000);
  if (died) {
    node.files = node.files.crash(call % 2 === 0 ? 'process' : 'none');
    node.running = undefined;
  } else {
    node.files.onCall = undefined;
  }
  void started;
  return died;
}

describe('a crash between any two steps recovers', () => {
  test('of the founder: it restarts or founds, and in the end there is one cluster with all its groups', async () => {
    for (let call = 1; ; call += 13) {
      const world = new ClusterWorld({ seed: call, config: small });
      const a = world.node('a');
      const died = await startAndDie(world, a, call, [a.address]);
      if (!died) break;
      await a.start({ seeds: [a.address] });
      await world.allReady(a);
      await world.until(
        () => a.node.groupStatuses().length === 3 && a.node.groupStatuses().every(({ role }) => role === 'leader'),
      );
      await world.until(() => a.node.epoch > 0 && a.node.status().metadataIndex > 0);
    }
  });

  test('of a joiner: it is let in once, whatever it had saved, and every group ends with both as voters', async () => {
    for (let call = 1; ; call += 23) {
      const world = new ClusterWorld({ seed: call, config: small });
      const [a] = (await world.startCluster('a')) as [ClusterWorldNode];
      const b = world.node('b');
      const died = await startAndDie(world, b, call, [a.address]);
      if (!died) break;
      await b.start({ seeds: [a.address] });
      await world.allReady(b);
      await world.until(() => world.settled(2) && world.leader(0)?.node.groupStatus(0).members.length === 2);
      expect(b.node.nodeId).toBe(2);
      expect(a.node.topology().lastNodeId).toBe(2);
    }
  });

  test('of the server, at any moment of a join: the joiner gets in all the same', async () => {
    for (let ms = 0; ms < 120; ms += 41) {
      const world = new ClusterWorld({ seed: ms, config: small });
      const nodes = await world.startCluster('a', 'b', 'c');
      await world.until(() => world.settled(3) && world.leader(0)?.node.groupStatus(0).members.length === 3);
      const d = world.node('d');
      await d.start({ seeds: nodes.map(({ address }) => address) });
      await world.virtual.advance(ms);
      const server = world.leader(0) as ClusterWorldNode;
      server.crash();
      await world.allReady(d);
      await server.start();
      await world.allReady(server);
      await world.until(() => world.running.every(({ node }) => node.topology().nodes.get(4)?.state === 'active'));
      await world.until(() => world.leader(0)?.node.groupStatus(0).members.length === 4 && world.settled(3));
      expect(d.node.topology().lastNodeId).toBe(4);
    }
  });
});
