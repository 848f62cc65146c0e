import type { Timer } from '@flotilla/runtime';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawSpread, struckMachine } from '../targets.js';

const LOOK_MS = 100;

/**
 * A follower is cut off until its leader has compacted its log beyond what the follower has, and then let go: it must be brought up by a
 * snapshot. Where that takes too long, it is let go anyway.
 */
export const heldBackFollower: Fault = {
  kind: 'held-back-follower',
  family: 'snapshot',
  everyMs: 20_000,
  draw: (scope, prng) => ({
    target: { kind: 'node', node: prng.pick(scope.nodes) },
    durationMs: drawSpread(prng, 5_000, 60_000),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined || !node.isUp) return;
    const inForce = faultsInForce(cluster);
    inForce.links.isolate(action, node.name, () => undefined);
    let timer: Timer | undefined;
    const look = (): void => {
      if (!isBehindCompaction(cluster, node)) {
        timer = cluster.director.setTimer(LOOK_MS, look);
        return;
      }
      inForce.tookEffect(action);
      inForce.links.lift(action);
    };
    look();
    inForce.undoLater(action, () => {
      timer?.cancel();
      inForce.links.lift(action);
    });
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/** Whether the log of some group's leader begins behind what a machine has of it. */
function isBehindCompaction(cluster: SimulatedCluster, node: SimulatedNode): boolean {
  for (const { group, lastIndex } of node.running?.groupStatuses() ?? []) {
    const leader = cluster.leader(group);
    if (leader === undefined || leader === node) continue;
    const status = leader.running?.groupStatuses().find((each) => each.group === group);
    if (status !== undefined && status.firstIndex > lastIndex + 1) return true;
  }
  return false;
}
