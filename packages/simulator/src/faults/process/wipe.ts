import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, struckMachine } from '../targets.js';

/**
 * A machine loses its disk for good: the node that it was must never vote again, and the one that it becomes joins under a new id and takes the
 * old one's place. Only where no other disk is damaged or lost.
 */
export const wipe: Fault = {
  kind: 'wipe',
  family: 'process',
  everyMs: 40_000,
  draw: (scope, prng) => ({ target: drawMachine(scope, prng), durationMs: 0, amount: 0, choice: prng.float() }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    const inForce = faultsInForce(cluster);
    if (node === undefined || node.life === 0 || !inForce.damage.allows(node.name)) return;
    inForce.tookEffect(action);
    inForce.damage.note(node.name);
    cluster.operator.replace(node.name);
  },
};
