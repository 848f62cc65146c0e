import type { Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin, statusOf, until } from './steps.js';

/** hashicorp/raft #697: a deposed leader has a tail that was never committed; its successor has compacted its log, and sends a snapshot that ends within that tail. */
export const snapshotBelowATail: Scenario = {
  name: 'snapshot-below-a-tail',
  source: 'hashicorp/raft #697, #704',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 30_000,
    config: {
      numGroups: 1,
      tickMs: 50,
      heartbeatMs: 50,
      electionTimeoutMs: 500,
      preVote: true,
      checkQuorum: true,
      compaction: { entries: 1 },
    },
    workload: { clients: 8, pauseMs: 300, keys: 10, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 5; round++) {
      await wait(1_500);
      const old = await leaderOf(cluster, wait, 1);
      if (old === undefined) return undefined;
      const committed = statusOf(old, 1)?.commitIndex ?? 0;
      cutOff(cluster, old.name);
      const others = cluster.names.filter((name) => name !== old.name);
      const next = await leaderOf(cluster, wait, 1, others);
      if (next === undefined) return undefined;
      await until(wait, 1_000, () => (statusOf(next, 1)?.firstIndex ?? 0) > committed);
      rejoin(cluster, old.name);
    }
    return undefined;
  },
};
