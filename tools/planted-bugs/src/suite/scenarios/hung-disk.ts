import { ONE_GROUP, type Scenario } from './scenario.js';
import { leaderOf, until } from './steps.js';

/** hashicorp/raft #503: the disk of the leader hangs. It falls silent, and another takes its place. */
export const hungDisk: Scenario = {
  name: 'hung-disk',
  source: 'hashicorp/raft #503, #612',
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
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    leader.disk.onCall = ({ operation, path }) =>
      operation === 'writeAt' && path.includes('segment-') ? { kind: 'wait', until: released } : undefined;
    const isReplaced = await until(wait, 20_000, () => (cluster.leader(1)?.name ?? leader.name) !== leader.name);
    leader.disk.onCall = undefined;
    release();
    return isReplaced ? undefined : `the disk of ${leader.name} hung for 20 s, and it leads group 1 on`;
  },
};
