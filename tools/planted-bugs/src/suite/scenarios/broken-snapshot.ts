import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin } from './steps.js';

/** hashicorp/raft #612: a follower lags behind the log, and the snapshot that it is sent cannot be written there at first. Afterwards it must catch up. */
export const brokenSnapshot: Scenario = {
  name: 'broken-snapshot',
  source: 'hashicorp/raft #612; etcd/raft, a lost snapshot',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 30_000,
    config: {
      ...ONE_GROUP,
      compaction: { entries: 5 },
    },
    workload: { clients: 3, pauseMs: 20, keys: 4, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(1_000);
    const leader = await leaderOf(cluster, wait, 1);
    const follower = [...cluster.nodes.values()].find(({ name }) => name !== leader?.name);
    if (follower === undefined) return undefined;
    cutOff(cluster, follower.name);
    await wait(4_000);
    follower.disk.onCall = ({ operation, path }) =>
      operation === 'writeAt' && path.includes('.partial') ? { kind: 'fail' } : undefined;
    rejoin(cluster, follower.name);
    await wait(3_000);
    follower.disk.onCall = undefined;
    await wait(10_000);
    return undefined;
  },
};
