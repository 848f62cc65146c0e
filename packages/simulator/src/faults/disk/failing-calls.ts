import type { FilesCall, FilesFault } from '@flotilla/storage/memory';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';

const SECTOR_BYTES = 512;

/** A write fails, and nothing of it is on the disk. */
export const failingWrite: Fault = failing('failing-write', ({ operation }) => operation === 'writeAt');

/** A write of several sectors fails after some of them were written: whole ones, as the contract of files says of what a disk may leave. */
export const shortWrite: Fault = failing(
  'short-write',
  ({ operation, length }) => operation === 'writeAt' && length >= 2 * SECTOR_BYTES,
  ({ length }, choice) => {
    const sectors = Math.ceil(length / SECTOR_BYTES);
    return { kind: 'fail', afterBytes: SECTOR_BYTES * (1 + Math.floor(choice * (sectors - 1))) };
  },
);

/** A sync fails, once: what it should have made durable is taken for clean, so that later ones that succeed prove nothing. */
export const failingSync: Fault = failing(
  'failing-sync',
  ({ operation }) => operation === 'sync' || operation === 'syncFolder',
);

/** A file cannot be opened. */
export const failingOpen: Fault = failing('failing-open', ({ operation }) => operation === 'open');

/** A read fails. */
export const failingRead: Fault = failing('failing-read', ({ operation }) => operation === 'readAt');

/** One call, the `amount`th of those that are meant, fails; the rest succeed, until the action is undone, which takes back a failure that never came. */
function failing(
  kind: string,
  isMeant: (call: FilesCall) => boolean,
  failure: (call: FilesCall, choice: number) => FilesFault = () => ({ kind: 'fail' }),
): Fault {
  return {
    kind,
    family: 'disk',
    everyMs: 8_000,
    draw: (scope, prng) => ({
      target: drawMachine(scope, prng),
      durationMs: drawSpread(prng, 2_000, 20_000),
      amount: prng.integer(1, 8),
      choice: prng.float(),
    }),
    inject: (cluster, action) => {
      const node = struckMachine(cluster, action.target);
      if (node === undefined) return;
      let left = action.amount;
      node.disk.trouble({
        holder: action.number,
        fault: (call) => {
          if (left === 0 || !isMeant(call)) return undefined;
          left--;
          if (left > 0) return undefined;
          faultsInForce(cluster).tookEffect(action);
          return failure(call, action.choice);
        },
      });
      faultsInForce(cluster).undoLater(action, () => node.disk.relieve(action.number));
    },
    heal: (cluster, action) => faultsInForce(cluster).undo(action),
  };
}
