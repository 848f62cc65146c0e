import { describe, expect, test } from 'vitest';
import { ClusterWorld } from './world/cluster-world.js';

describe('a node that is stopped', () => {
  test.each([0, 1, 10, 500])(
    'while it asks its neighbours whether there is a cluster, %i ms after its start, founds none beside theirs',
    async (ms) => {
      const world = new ClusterWorld({ config: { numGroups: 1 } });
      const [a, b] = await world.startCluster('a', 'b');
      if (a === undefined || b === undefined) throw new Error('unreachable');
      const { clusterId } = b.node;
      a.crash();
      a.wipe();
      // The answer is on its way for longer than the node lives.
      world.network.clog('b', 'a');
      await a.start();
      await world.virtual.advance(ms);
      await a.stop();
      world.network.release('b', 'a');
      await a.start();
      await world.virtual.advance(5_000);
      expect([clusterId, undefined]).toContain(a.node.clusterId);
    },
  );
});
