import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';

/** The process stands still while its clock goes on, as one that was stopped by a signal: it wakes in a later world. */
export const pause: Fault = pausing('pause', 'goes-on', 5_000);

/**
 * The machine sleeps, and its monotonic clock with it, as that of a virtual machine that is suspended: when it wakes, it does not know that
 * time has passed.
 */
export const suspend: Fault = pausing('suspend', 'stands-still', 10_000);

function pausing(kind: string, clock: 'goes-on' | 'stands-still', everyMs: number): Fault {
  return {
    kind,
    // What sleeps without its clock's knowing is a fault of the clock to all who trust it.
    family: clock === 'goes-on' ? 'process' : 'clock',
    everyMs,
    draw: (scope, prng) => ({
      target: drawMachine(scope, prng),
      durationMs: drawSpread(prng, 100, 15_000),
      amount: 0,
      choice: prng.float(),
    }),
    inject: (cluster, action) => {
      const node = struckMachine(cluster, action.target);
      if (node === undefined || !node.isUp || node.isPaused) return;
      const { pauses } = faultsInForce(cluster);
      pauses.hold(action.number, node.name);
      node.pause(clock);
      faultsInForce(cluster).tookEffect(action);
    },
    heal: (cluster, action) => {
      for (const machine of faultsInForce(cluster).pauses.release(action.number)) cluster.node(machine).resume();
    },
  };
}
