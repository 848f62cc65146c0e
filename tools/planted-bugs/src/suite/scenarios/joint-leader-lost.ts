import type { SimulatedCluster } from '@flotilla/simulator';
import type { Scenario } from './scenario.js';
import { leaderOf, statusOf, until, type Wait } from './steps.js';

const GROUP = 1;

/**
 * One voter is replaced by another. Both configurations count on all followers, but not yet on the leader, whose disk hangs, so that it cannot
 * propose to leave them; then it is lost. Its successor must do that.
 */
export const jointLeaderLost: Scenario = {
  name: 'joint-leader-lost',
  source: 'etcd #12136',
  seed: 1,
  plan: {
    nodes: 4,
    faultsMs: 60_000,
    config: {
      numGroups: 1,
      replicationFactor: 3,
      tickMs: 50,
      heartbeatMs: 50,
      electionTimeoutMs: 500,
      preVote: true,
      checkQuorum: true,
    },
    workload: { clients: 1, pauseMs: 200, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    return oneReplacement(cluster, wait);
  },
};

async function oneReplacement(cluster: SimulatedCluster, wait: Wait): Promise<string | undefined> {
  const leader = await leaderOf(cluster, wait, GROUP);
  const members = leader === undefined ? [] : (statusOf(leader, GROUP)?.members ?? []);
  const machines = [...cluster.nodes.values()].filter(({ name }) => name !== leader?.name);
  const [leaving, staying] = machines.filter(({ nodeId }) => members.includes(nodeId ?? 0));
  const coming = machines.find(({ nodeId }) => !members.includes(nodeId ?? 0));
  if (leader === undefined || leaving?.nodeId === undefined || staying === undefined || coming?.nodeId === undefined) {
    return 'group 1 has no leader with two followers, or nobody is there to take a place';
  }
  const id = coming.nodeId;
  cluster.background('replacement', cluster.admin.members.replace(leaving.nodeId, id));
  if (!(await until(wait, 10_000, () => statusOf(leader, GROUP)?.learners.includes(id) === true))) {
    return 'the leader did not take the new node in as a learner';
  }
  leader.disk.onCall = ({ operation, path }) =>
    operation === 'writeAt' && path.includes('segment-')
      ? { kind: 'wait', until: new Promise(() => undefined) }
      : undefined;
  const isJoint = (): boolean =>
    [leaving, staying, coming].every((node) => (statusOf(node, GROUP)?.confState.votersOutgoing.length ?? 0) > 0);
  const came = await until(wait, 3_000, isJoint);
  leader.powerCut('none');
  leader.disk.onCall = undefined;
  await wait(5_000);
  await leader.start();
  return came ? undefined : 'the followers did not come to the joint configuration';
}
