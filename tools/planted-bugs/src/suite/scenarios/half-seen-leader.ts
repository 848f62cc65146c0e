import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf, statusOf } from './steps.js';

/** Cloudflare, 2020, with three machines in a row: one end leads and the other does not hear it. The one between hears both, and follows on. */
export const halfSeenLeader: Scenario = {
  name: 'half-seen-leader',
  source: 'Cloudflare, November 2020; thesis, section 4.2.3',
  seed: 2,
  plan: {
    nodes: 3,
    faultsMs: 40_000,
    config: ONE_GROUP,
    // Hardly anything is written, so that the machine at the end lacks nothing and could be elected.
    workload: { clients: 1, pauseMs: 30_000, keys: 1, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(3_000);
    const leader = await leaderOf(cluster, wait, 1);
    const end = cluster.names.find((name) => name !== leader?.name);
    if (leader === undefined || end === undefined) return 'group 1 has no leader';
    const before = statusOf(leader, 1)?.term;
    cluster.network.disconnect(leader.name, end);
    await wait(20_000);
    const after = statusOf(leader, 1);
    cluster.network.reconnect(leader.name, end);
    if (after?.role === 'leader' && after.term === before) return undefined;
    return `${leader.name} led group 1 in term ${before} and was heard by a majority; now it is ${after?.role} in term ${after?.term}`;
  },
};
