import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin, statusOf, until } from './steps.js';

const GROUP = 1;

/**
 * A node is made a learner of a group while it joins, without knowing it; when it is told, its catalog hangs for longer than it takes to be made a
 * voter, and then it loses its power. What it has acknowledged must be there again.
 */
export const crashWhileAReplicaOpens: Scenario = {
  name: 'crash-while-a-replica-opens',
  source: 'the catalog is saved before the first record of a group',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 60_000,
    config: {
      ...ONE_GROUP,
      replicationFactor: 3,
    },
    workload: { clients: 1, pauseMs: 300, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    await wait(2_000);
    const leader = await leaderOf(cluster, wait, GROUP);
    const leaving = [...cluster.nodes.values()].find(({ name }) => name !== leader?.name);
    if (leader === undefined || leaving?.nodeId === undefined) return 'group 1 has no leader';
    const coming = cluster.addMachine();
    await coming.start();
    // It has its answer, and nobody knows that it serves.
    if (!(await until(wait, 10_000, () => coming.running?.clusterId !== undefined))) return 'the node did not join';
    cutOff(cluster, coming.name);
    const id = coming.running?.nodeId ?? 0;
    cluster.background('replacement', cluster.admin.members.replace(leaving.nodeId, id));
    const isMember = (): boolean => statusOf(leader, GROUP)?.learners.includes(id) === true;
    const wasTaken = await until(wait, 5_000, isMember);
    rejoin(cluster, coming.name);
    // What it held before is in its catalog by then.
    await until(wait, 5_000, () => (statusOf(coming, 0)?.appliedIndex ?? 0) > 0);
    await wait(1);
    coming.disk.onCall = ({ path }) =>
      path.includes('catalog') ? { kind: 'wait', until: new Promise(() => undefined) } : undefined;
    await wait(8_000);
    coming.powerCut('none');
    coming.disk.onCall = undefined;
    await wait(1_000);
    await coming.start();
    await wait(5_000);
    return wasTaken ? undefined : 'the group did not take in a node that joins';
  },
};
