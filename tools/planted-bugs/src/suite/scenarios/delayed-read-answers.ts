import type { SimulatedNode } from '@flotilla/simulator';
import type { Scenario } from './scenario.js';
import { leaderOf } from './steps.js';

/** etcd #20418: a follower asks for a read index, the answer is held up, it asks again, and the first answer comes after all. */
export const delayedReadAnswers: Scenario = {
  name: 'delayed-read-answers',
  source: 'etcd #20418',
  seed: 1,
  plan: {
    nodes: 3,
    faultsMs: 40_000,
    config: { numGroups: 1, tickMs: 50, heartbeatMs: 50, electionTimeoutMs: 1_000, preVote: true, checkQuorum: true },
    workload: { clients: 4, pauseMs: 10, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    const read = (node: SimulatedNode): void => {
      if (node.running !== undefined) cluster.background('read', node.running.readIndex(1));
    };
    for (let round = 0; round < 10; round++) {
      await wait(1_500);
      const leader = await leaderOf(cluster, wait, 1);
      const follower = [...cluster.nodes.values()].find(({ name }) => name !== leader?.name);
      if (leader === undefined || follower === undefined) return undefined;
      cluster.network.clog(leader.name, follower.name);
      read(follower);
      await wait(100);
      read(follower);
      // Four ticks after the first question it is asked again.
      await wait(200);
      read(follower);
      await wait(100);
      cluster.network.release(leader.name, follower.name);
    }
    return undefined;
  },
};
