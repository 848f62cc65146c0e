import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf } from './steps.js';

/** A follower is told to campaign, raises its term, and nobody hears of it. Once it is heard, the leader must step down, or the follower never follows again. */
export const lostCampaign: Scenario = {
  name: 'lost-campaign',
  source: 'etcd/raft: an answer in a later term unseats the leader',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 30_000,
    config: ONE_GROUP,
    workload: { clients: 2, pauseMs: 100, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 3; round++) {
      await wait(2_000);
      const leader = await leaderOf(cluster, wait, 1);
      const target = [...cluster.nodes.values()].find(({ name }) => name !== leader?.name);
      if (leader === undefined || target?.nodeId === undefined) return 'group 1 has no leader';
      // The leader's word reaches the target, and what the target says then is lost.
      for (const name of cluster.names) if (name !== target.name) cluster.network.cut(target.name, name);
      cluster.background('transfer', leader.node.transfer(1, target.nodeId));
      await wait(3_000);
      for (const name of cluster.names) if (name !== target.name) cluster.network.heal(target.name, name);
      await wait(3_000);
    }
    return undefined;
  },
};
