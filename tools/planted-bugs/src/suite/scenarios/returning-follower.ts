import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin, statusOf } from './steps.js';

/** Thesis, section 9.6: a follower was cut off for many election timeouts; when it is back the leader leads on, in the same term. */
export const returningFollower: Scenario = {
  name: 'returning-follower',
  source: 'Thesis, section 9.6',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 40_000,
    config: ONE_GROUP,
    workload: { clients: 2, pauseMs: 100, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    const leader = await leaderOf(cluster, wait, 1);
    const follower = cluster.names.find((name) => name !== leader?.name);
    if (leader === undefined || follower === undefined) return 'group 1 has no leader';
    // Group 0 may be led elsewhere: all that this is about happens in group 1.
    const before = statusOf(leader, 1)?.term;
    cutOff(cluster, follower);
    await wait(15_000);
    rejoin(cluster, follower);
    await wait(5_000);
    const after = statusOf(leader, 1);
    if (after?.role === 'leader' && after.term === before) return undefined;
    return `${leader.name} led group 1 in term ${before}; a follower came back, and it is ${after?.role} in term ${after?.term}`;
  },
};
