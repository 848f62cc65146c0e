import { METADATA_GROUP } from '@flotilla/routing';
import type { Observer } from '../observation/observer.js';
import type { SimulatedNode } from '../world/simulated-node.js';
import { stateDigest } from '../world/state-digest.js';

/** Has the state of every replica of every data group on these machines observed, at the index that it has applied. */
export async function digestStates(machines: readonly SimulatedNode[], observer: Observer): Promise<void> {
  for (const { name, life, running } of machines) {
    if (running === undefined) continue;
    const { nodeId } = running;
    for (const { group, appliedIndex } of running.groupStatuses()) {
      if (group === METADATA_GROUP) continue;
      const replica = { node: name, life, nodeId, group };
      const digest = await stateDigest(running.stateMachine(group));
      observer.observe({ kind: 'state', replica, index: appliedIndex, digest });
    }
  }
}
