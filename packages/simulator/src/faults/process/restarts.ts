import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { FaultAction } from '../fault-action.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';
import { startAgain } from './machines-down.js';

/** A node stops in good order and starts again. */
export const restart: Fault = {
  kind: 'restart',
  family: 'process',
  everyMs: 10_000,
  draw: (scope, prng) => ({ target: drawMachine(scope, prng), durationMs: 0, amount: 0, choice: prng.float() }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node !== undefined) restartOne(cluster, action, node);
  },
};

/** All nodes stop in good order and start again, one after the other, as for an upgrade. */
export const rollingRestart: Fault = {
  kind: 'rolling-restart',
  family: 'process',
  everyMs: 40_000,
  draw: (_scope, prng) => ({
    target: { kind: 'cluster' },
    durationMs: drawSpread(prng, 2_000, 20_000),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const stepMs = action.durationMs / cluster.names.length;
    const timers = [...cluster.nodes.values()].map((node, at) =>
      cluster.director.setTimer(at * stepMs, () => restartOne(cluster, action, node)),
    );
    faultsInForce(cluster).undoLater(action, () => {
      for (const timer of timers) timer.cancel();
    });
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/** A node that is ready stops, and starts as soon as it is down. */
function restartOne(cluster: SimulatedCluster, action: FaultAction, node: SimulatedNode): void {
  if (node.state !== 'running' || node.isPaused) return;
  faultsInForce(cluster).tookEffect(action);
  const { life } = node;
  const stopped = node.stop().then(() => {
    if (node.life === life) startAgain(cluster, node.name);
  });
  cluster.background(`restart of ${node.name}`, stopped);
}
