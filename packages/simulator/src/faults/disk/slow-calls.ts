import { Prng } from '@flotilla/runtime/virtual';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';

/** Every call of a disk takes longer, up to a second. */
export const slowDisk: Fault = {
  kind: 'slow-disk',
  family: 'disk',
  everyMs: 10_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 500, 20_000),
    amount: drawSpread(prng, 2, 1_000),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined) return;
    const { disk } = node;
    const prng = new Prng(`slow/${action.number}/${action.choice}`);
    disk.trouble({
      holder: action.number,
      fault: () => {
        faultsInForce(cluster).tookEffect(action);
        return { kind: 'wait', until: disk.later(action.amount * prng.float()) };
      },
    });
    faultsInForce(cluster).undoLater(action, () => disk.relieve(action.number));
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/** What should become durable does not: writes and syncs do not return, until the disk comes back, or the process is gone. */
export const hangingSync: Fault = {
  kind: 'hanging-sync',
  family: 'disk',
  everyMs: 10_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 200, 30_000),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined) return;
    const { disk } = node;
    const waiting: (() => void)[] = [];
    disk.trouble({
      holder: action.number,
      fault: ({ operation }) => {
        if (operation !== 'writeAt' && operation !== 'sync' && operation !== 'syncFolder') return undefined;
        faultsInForce(cluster).tookEffect(action);
        const until = new Promise<void>((resolve) => waiting.push(resolve));
        // What the disk answers is heard in a turn of the process, which may be paused by then, or gone.
        return { kind: 'wait', until: until.then(() => disk.later(0)) };
      },
      ended: () => {
        for (const resolve of waiting) resolve();
      },
    });
    faultsInForce(cluster).undoLater(action, () => disk.relieve(action.number));
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};
