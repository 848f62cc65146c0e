import type { Scenario } from './scenario.js';
import { cutOff, leaderOf, statusOf, until } from './steps.js';

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
      numGroups: 1,
      replicationFactor: 3,
      tickMs: 50,
      heartbeatMs: 50,
      electionTimeoutMs: 500,
      preVote: true,
      checkQuorum: true,
    },
    workload: { clients: 1, pauseMs: 300, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    const leader = await leaderOf(cluster, wait, GROUP);
    if (leader === undefined) return 'group 1 has no leader';
    const members = statusOf(leader, GROUP)?.members ?? [];
    const machines = [...cluster.nodes.values()];
    const voters = machines.filter(({ name, nodeId }) => name !== leader.name && members.includes(nodeId ?? 0));
    const coming = machines.find(({ nodeId }) => !members.includes(nodeId ?? 0));
    const [hung, leaving] = voters;
    if (hung === undefined || leaving?.nodeId === undefined || coming?.nodeId === undefined) return undefined;
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
        led?.learners.includes(coming.nodeId ?? 0) === true || led?.members.includes(coming.nodeId ?? 0) === true;
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
