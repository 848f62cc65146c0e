import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { FaultAction } from '../fault-action.js';
import { faultsInForce } from '../in-force/faults-in-force.js';

/** Ends the process of a machine and keeps it down until the action is undone; does nothing where there is none. */
export function takeDown(
  cluster: SimulatedCluster,
  action: FaultAction,
  node: SimulatedNode | undefined,
  end: (node: SimulatedNode) => void,
): void {
  if (node === undefined || !node.isUp) return;
  const inForce = faultsInForce(cluster);
  inForce.downs.hold(action.number, node.name);
  end(node);
  inForce.tookEffect(action);
}

/** The same for all machines at once, each in a way of its own. */
export function takeAllDown(
  cluster: SimulatedCluster,
  action: FaultAction,
  end: (node: SimulatedNode, at: number) => void,
): void {
  const inForce = faultsInForce(cluster);
  for (const [at, node] of [...cluster.nodes.values()].entries()) {
    if (!node.isUp) continue;
    inForce.downs.hold(action.number, node.name);
    end(node, at);
    inForce.tookEffect(action);
  }
}

/** Starts what the action keeps down, unless another one does so too. */
export function bringUp(cluster: SimulatedCluster, action: Pick<FaultAction, 'number'>): void {
  for (const machine of faultsInForce(cluster).downs.release(action.number)) startAgain(cluster, machine);
}

/** Starts a machine, unless a fault keeps it down. */
export function startAgain(cluster: SimulatedCluster, machine: string): void {
  if (faultsInForce(cluster).downs.isHeld(machine)) return;
  cluster.background(`start of ${machine}`, cluster.node(machine).start());
}
