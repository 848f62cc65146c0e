import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, replacementIn, statusOf, until } from './steps.js';

const GROUP = 1;

/**
 * etcd/raft #456: a follower knows that a change of membership is committed and cannot apply it, since its disk hangs. It must not campaign in a
 * configuration that is not in effect any more.
 */
export const changeOnAHungDisk: Scenario = {
  name: 'change-on-a-hung-disk',
  source: 'etcd/raft #456, #469',
  seed: 1,
  plan: {
    nodes: 4,
    faultsMs: 40_000,
    config: {
      ...ONE_GROUP,
      replicationFactor: 3,
    },
    workload: { clients: 1, pauseMs: 300, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    const parts = await replacementIn(cluster, wait, GROUP);
    if (parts === undefined) return 'group 1 has no leader with two followers, or nobody is there to take a place';
    const { leader, leaving, staying: hung, coming } = parts;
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    hung.disk.onCall = ({ operation, path }) =>
      operation === 'writeAt' && path.includes('segment-') ? { kind: 'wait', until: released } : undefined;
    cluster.background('replacement', cluster.admin.members.replace(leaving.nodeId, coming.nodeId));
    const isBehind = (): boolean => {
      const own = statusOf(hung, GROUP);
      const led = statusOf(leader, GROUP);
      const hasChanged =
        led?.learners.includes(coming.nodeId) === true || led?.members.includes(coming.nodeId) === true;
      return hasChanged && own !== undefined && own.commitIndex > own.appliedIndex;
    };
    let campaigned = false;
    if (await until(wait, 4_000, isBehind)) {
      cutOff(cluster, hung.name);
      campaigned = await until(wait, 3_000, () => statusOf(hung, GROUP)?.role.includes('candidate') === true);
      for (const name of cluster.names) if (name !== hung.name) cluster.network.reconnect(hung.name, name);
    }
    hung.disk.onCall = undefined;
    release();
    return campaigned ? `${hung.name} campaigned over a change of membership that it had not applied` : undefined;
  },
};
