import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';

/** A disk has no more room than for a little more than what is on it, until somebody makes some. */
export const fullDisk: Fault = {
  kind: 'full-disk',
  family: 'disk',
  everyMs: 12_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 1_000, 30_000),
    amount: prng.chance(0.5) ? 0 : drawSpread(prng, 512, 65_536),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined) return;
    const { disk } = node;
    disk.trouble({
      holder: action.number,
      capacityBytes: disk.files.usedBytes + action.amount,
      refused: () => faultsInForce(cluster).tookEffect(action),
    });
    faultsInForce(cluster).undoLater(action, () => disk.relieve(action.number));
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};
