import type { Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin } from './steps.js';

/** Jepsen on etcd and Consul (2014), and on Redis-Raft: the leader is cut off from the others and still reached by clients, who read there what the others overwrite. */
export const isolatedLeader: Scenario = {
  name: 'isolated-leader',
  source: 'RedisRaft #19; etcd and Consul without a quorum round, 2014',
  seed: 3,
  plan: {
    nodes: 3,
    faultsMs: 30_000,
    // No quorum check: the leader that is cut off never finds out by itself.
    config: { numGroups: 1, tickMs: 50, heartbeatMs: 50, electionTimeoutMs: 500, preVote: true, checkQuorum: false },
    workload: { clients: 4, pauseMs: 10, keys: 1, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 4; round++) {
      const leader = await leaderOf(cluster, wait, 1);
      if (leader === undefined) return undefined;
      await wait(500);
      cutOff(cluster, leader.name);
      await wait(4_000);
      rejoin(cluster, leader.name);
      await wait(2_000);
    }
    return undefined;
  },
};
