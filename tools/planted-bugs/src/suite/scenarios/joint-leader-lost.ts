import type { SimulatedCluster } from '@flotilla/simulator';
import { ONE_GROUP, type Scenario } from './scenario.js';
import { replacementIn, statusOf, until, type Wait } from './steps.js';

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
      ...ONE_GROUP,
      replicationFactor: 3,
    },
    workload: { clients: 1, pauseMs: 200, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    return oneReplacement(cluster, wait);
  },
};

async function oneReplacement(cluster: SimulatedCluster, wait: Wait): Promise<string | undefined> {
  const parts = await replacementIn(cluster, wait, GROUP);
  if (parts === undefined) return 'group 1 has no leader with two followers, or nobody is there to take a place';
  const { leader, leaving, staying, coming } = parts;
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
