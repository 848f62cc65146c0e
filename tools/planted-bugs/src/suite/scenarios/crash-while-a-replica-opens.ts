import type { SimulatedCluster } from '@flotilla/simulator';
import type { Scenario } from './scenario.js';
import { leaderOf, statusOf, until, type Wait } from './steps.js';

const GROUP = 1;

/** A node opens a replica at the word of group 0, and loses its power a little later: what it has acknowledged of it must be there again. */
export const crashWhileAReplicaOpens: Scenario = {
  name: 'crash-while-a-replica-opens',
  source: 'the catalog is saved before the first record of a group',
  seed: 1,
  diskLatencyMs: 15,
  plan: {
    nodes: 4,
    faultsMs: 120_000,
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
    for (let round = 0; round < 8; round++) {
      await wait(1_000);
      await oneRound(cluster, wait, 20 + 10 * round);
      await wait(10_000);
    }
    return undefined;
  },
};

async function oneRound(cluster: SimulatedCluster, wait: Wait, afterMs: number): Promise<void> {
  const leader = await leaderOf(cluster, wait, GROUP);
  if (leader === undefined) return;
  const members = statusOf(leader, GROUP)?.members ?? [];
  const machines = [...cluster.nodes.values()].filter(({ nodeId }) => nodeId !== undefined);
  const leaving = machines.find(({ name, nodeId }) => name !== leader.name && members.includes(nodeId ?? 0));
  const coming = machines.find(({ nodeId }) => !members.includes(nodeId ?? 0));
  if (leaving?.nodeId === undefined || coming?.nodeId === undefined) return;
  cluster.background('replacement', cluster.admin.members.replace(leaving.nodeId, coming.nodeId));
  if (!(await until(wait, 10_000, () => statusOf(coming, GROUP) !== undefined))) return;
  await wait(afterMs);
  coming.powerCut('none');
  await wait(1_000);
  await coming.start();
}
