import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf, statusOf, until } from './steps.js';

/** The clocks of an idle group stand still. Its leader loses its power, and tells nobody: another must take its place. */
export const idleLeaderDies: Scenario = {
  name: 'idle-leader-dies',
  source: 'CockroachDB: quiesced replicas whose leader died',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 60_000,
    config: {
      ...ONE_GROUP,
      leaseReads: false,
    },
    workload: { clients: 1, pauseMs: 8_000, keys: 1, valueBytes: 16 },
  },
  async play(cluster, wait) {
    const leader = await leaderOf(cluster, wait, 1);
    if (leader === undefined) return 'group 1 has no leader';
    const others = [...cluster.nodes.values()].filter(({ name }) => name !== leader.name);
    const isAsleep = (): boolean => others.every((node) => statusOf(node, 1)?.quiescent === true);
    await until(wait, 20_000, isAsleep);
    leader.powerCut('all');
    const isReplaced = await until(wait, 15_000, () => others.some((node) => statusOf(node, 1)?.role === 'leader'));
    return isReplaced ? undefined : `${leader.name} died while group 1 was idle, and 15 s later no other leads it`;
  },
};
