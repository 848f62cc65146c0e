import { isFlotillaError } from '@flotilla/errors';
import { delay } from '@flotilla/runtime';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import type { SimulatedNode } from '../world/simulated-node.js';

/** Wait before a refused request is made again (virtual ms). */
const RETRY_MS = 200;

/**
 * Asks every one of these machines for a linearizable read of every group that it holds, then one for a command of group 0, each as often as it
 * takes; resolves when all that succeeded. A replica that is dropped meanwhile is not asked further. Nothing is written before the reads: a
 * leader that committed nothing of its own term cannot answer.
 */
export async function serves(cluster: SimulatedCluster, machines: readonly SimulatedNode[]): Promise<void> {
  for (const { running } of machines) {
    for (const { group } of running?.groupStatuses() ?? []) {
      await untilDone(cluster, async () => running?.readIndex(group));
    }
  }
  await takesMetadata(cluster, machines);
}

/** Asks one of these machines for a command of group 0, as often as it takes. */
export async function takesMetadata(cluster: SimulatedCluster, machines: readonly SimulatedNode[]): Promise<void> {
  await untilDone(cluster, async () => machines[0]?.running?.metadata.propose(new Uint8Array(1)));
}

async function untilDone(cluster: SimulatedCluster, request: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await request();
      return;
    } catch (error) {
      if (isFlotillaError(error, 'GroupNotFound')) return;
      if (!isFlotillaError(error) || error.code === 'Internal') throw error;
      await delay(cluster.director, RETRY_MS);
    }
  }
}
