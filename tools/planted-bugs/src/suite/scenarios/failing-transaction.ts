import { failingEntry, putEntry } from './kv-operations.js';
import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf } from './steps.js';

/** Transactions that write and then fail: nothing of them may be left, nor may the group's revision have moved. */
export const failingTransaction: Scenario = {
  name: 'failing-transaction',
  source: 'etcd: a transaction is done wholly, or not at all',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 10_000,
    config: ONE_GROUP,
    workload: { clients: 2, pauseMs: 50, keys: 4, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(1_000);
    const leader = await leaderOf(cluster, wait, 1);
    if (leader?.running === undefined) return 'group 1 has no leader';
    for (let round = 0; round < 3; round++) {
      await leader.running.proposeToGroup(1, putEntry('written', `round ${round}`));
      await leader.running.proposeToGroup(1, failingEntry('never written', `round ${round}`));
    }
    return undefined;
  },
};
