import type { SimulatedCluster } from '@flotilla/simulator';
import { ONE_GROUP, type Scenario } from './scenario.js';
import { cutOff, leaderOf, rejoin, statusOf, until, type Wait } from './steps.js';

const GROUP = 1;

/**
 * Raft paper, figure 8, on five machines. (a) a leader gives entries to one other; (b) it dies, and a third machine leads, and has only its own
 * empty entry; (c) that one dies, and one of the first two leads again and gives the old entries to one more, which makes three; (d) it dies
 * before anything of its own term is on three, and the third machine leads again.
 */
export const figure8: Scenario = {
  name: 'figure-8',
  source: 'Raft paper, figure 8',
  seed: 1,
  plan: {
    nodes: 5,
    faultsMs: 60_000,
    config: {
      ...ONE_GROUP,
      replicationFactor: 5,
      compaction: { entries: 100_000 },
      // One entry a message, one message at a time: an old entry arrives before the leader's own.
      limits: { messageBytesMax: 1, inflightMessagesMax: 1 },
    },
    workload: { clients: 2, pauseMs: 20, keys: 2, valueBytes: 16 },
  },
  async play(cluster, wait) {
    for (let round = 0; round < 4; round++) {
      await oneRound(cluster, wait);
      for (const { name } of cluster.nodes.values()) rejoin(cluster, name);
      await Promise.all([...cluster.nodes.values()].map((node) => node.start()));
      await wait(3_000);
    }
    return undefined;
  },
};

async function oneRound(cluster: SimulatedCluster, wait: Wait): Promise<void> {
  const first = await leaderOf(cluster, wait, GROUP);
  if (first === undefined) return;
  const [helperName, ...rest] = cluster.names.filter((name) => name !== first.name);
  if (helperName === undefined) return;
  // (a)
  for (const name of rest) cluster.network.disconnect(first.name, name);
  await wait(300);
  const committed = statusOf(first, GROUP)?.commitIndex ?? 0;
  first.kill();
  cutOff(cluster, helperName);
  // (b)
  const third = await leaderOf(cluster, wait, GROUP, rest);
  if (third === undefined) return;
  cutOff(cluster, third.name);
  await wait(50);
  third.kill();
  // (c)
  rejoin(cluster, helperName);
  rejoin(cluster, first.name);
  await first.start();
  const second = await leaderOf(cluster, wait, GROUP, [first.name, helperName]);
  if (second === undefined) return;
  await until(wait, 2_000, () => (statusOf(second, GROUP)?.commitIndex ?? 0) > committed);
  // (d)
  cutOff(cluster, second.name);
  second.kill();
  for (const name of [first.name, helperName]) cutOff(cluster, name);
  for (const name of rest) if (name !== third.name) cluster.network.reconnect(third.name, name);
  await third.start();
  await wait(3_000);
}
