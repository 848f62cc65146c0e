import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin, statusOf, until } from './steps.js';

/** Raft paper, section 5.4.1: a deposed leader has a long tail that was never committed, and comes back just as its successor dies. */
export const longOldTail: Scenario = {
  name: 'long-old-tail',
  source: 'Raft paper, section 5.4.1',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 40_000,
    config: {
      ...ONE_GROUP,
      compaction: { entries: 100_000 },
    },
    workload: { clients: 6, pauseMs: 5, keys: 10, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 4; round++) {
      const old = await leaderOf(cluster, wait, 1);
      if (old === undefined) return undefined;
      await wait(300);
      cutOff(cluster, old.name);
      const committed = statusOf(old, 1)?.commitIndex ?? 0;
      const others = cluster.names.filter((name) => name !== old.name);
      const next = await leaderOf(cluster, wait, 1, others);
      if (next === undefined) return undefined;
      await until(wait, 1_000, () => (statusOf(next, 1)?.commitIndex ?? 0) > committed);
      next.kill();
      rejoin(cluster, old.name);
      await wait(3_000);
      await next.start();
      await wait(1_000);
    }
    return undefined;
  },
};
