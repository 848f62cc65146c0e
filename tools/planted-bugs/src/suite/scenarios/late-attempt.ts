import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf, until } from './steps.js';

/** Thesis, section 6.3: an attempt of a client is held up on its way; the next one is applied elsewhere, the client goes on, and then the first one arrives. */
export const lateAttempt: Scenario = {
  name: 'late-attempt',
  source: 'Thesis, section 6.3; RedisRaft #13',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 60_000,
    config: ONE_GROUP,
    workload: { clients: 6, pauseMs: 50, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    const clients = Array.from({ length: 6 }, (_, at) => `client${at + 1}`);
    for (let round = 0; round < 6; round++) {
      const leader = await leaderOf(cluster, wait, 1);
      const other = [...cluster.nodes.values()].find(({ name }) => name !== leader?.name);
      if (leader?.nodeId === undefined || other?.nodeId === undefined) return undefined;
      for (const client of clients) cluster.network.clog(client, leader.name);
      await wait(300);
      cluster.background('transfer', leader.node.transfer(1, other.nodeId));
      await until(wait, 2_000, () => cluster.leader(1)?.name === other.name);
      await wait(4_000);
      if (cluster.leader(1)?.name === other.name) {
        cluster.background('transfer back', other.node.transfer(1, leader.nodeId));
        await until(wait, 2_000, () => cluster.leader(1)?.name === leader.name);
      }
      for (const client of clients) cluster.network.release(client, leader.name);
      await wait(1_500);
    }
    return undefined;
  },
};
