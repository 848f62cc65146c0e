import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, struckMachine } from '../targets.js';

/** Between two snapshots close together, at most, in virtual ms. */
const APART_MS = 40;

/** A node takes a snapshot of a group although none is due, and another one right after: followers may be on their way with the first. */
export const snapshotNow: Fault = {
  kind: 'snapshot-now',
  family: 'snapshot',
  everyMs: 5_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: 0,
    amount: prng.integer(0, scope.groups),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    const take = async (): Promise<void> => {
      await node?.running?.snapshotNow(action.amount);
      if (node?.running !== undefined) faultsInForce(cluster).tookEffect(action);
    };
    if (node?.running === undefined) return;
    cluster.background('snapshot', take());
    cluster.director.setTimer(APART_MS * action.choice, () => cluster.background('second snapshot', take()));
  },
};
