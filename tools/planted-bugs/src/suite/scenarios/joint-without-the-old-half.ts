import type { SimulatedCluster } from '@flotilla/simulator';
import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, rejoin, replacementIn, statusOf, until, type Wait } from './steps.js';

const GROUP = 1;

/**
 * One voter is replaced by another; while both configurations count, the leader and the voter that leaves are lost. The two that are left are a
 * majority of the new half alone, and must elect nobody.
 */
export const jointWithoutTheOldHalf: Scenario = {
  name: 'joint-without-the-old-half',
  source: 'Raft paper, section 6',
  seed: 1,
  plan: {
    nodes: 4,
    faultsMs: 90_000,
    config: {
      ...ONE_GROUP,
      replicationFactor: 3,
    },
    workload: { clients: 1, pauseMs: 200, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 3; round++) {
      await wait(2_000);
      await oneRound(cluster, wait);
      for (const name of cluster.names) rejoin(cluster, name);
      await wait(12_000);
    }
    return undefined;
  },
};

async function oneRound(cluster: SimulatedCluster, wait: Wait): Promise<void> {
  const parts = await replacementIn(cluster, wait, GROUP);
  if (parts === undefined) return;
  const { leader, leaving, staying, coming } = parts;
  cluster.background('replacement', cluster.admin.members.replace(leaving.nodeId, coming.nodeId));
  const isJoint = (): boolean =>
    [staying, coming].every((node) => (statusOf(node, GROUP)?.confState.votersOutgoing.length ?? 0) > 0);
  if (!(await until(wait, 10_000, isJoint))) return;
  cutOff(cluster, leader.name);
  cutOff(cluster, leaving.name);
  await wait(4_000);
}
