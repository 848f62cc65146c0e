import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf, statusOf, until } from './steps.js';

/** Thesis, section 6.2: a leader that can send and hears nobody. It steps down within a few election timeouts, so that its clients look elsewhere. */
export const deafLeader: Scenario = {
  name: 'deaf-leader',
  source: 'Thesis, section 6.2',
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
    if (leader === undefined) return 'group 1 has no leader';
    for (const name of cluster.names) if (name !== leader.name) cluster.network.cut(name, leader.name);
    const hasSteppedDown = await until(wait, 4_000, () => statusOf(leader, 1)?.role !== 'leader');
    for (const name of cluster.names) if (name !== leader.name) cluster.network.heal(name, leader.name);
    return hasSteppedDown ? undefined : `${leader.name} heard nobody for 4 s, and believes that it leads group 1`;
  },
};
