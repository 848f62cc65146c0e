import { Prng } from '@flotilla/runtime/virtual';
import { type FilesCall, type FilesFault, randomSurvival, type Survival } from '@flotilla/storage/memory';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { FaultAction } from '../fault-action.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';
import { bringUp, startAgain, takeDown } from './machines-down.js';

const DOWN_MS = [200, 10_000] as const;
const SECTOR_BYTES = 512;

/** The process is killed, starts again at once, and loses its power at one of the first calls of its disk: while it recovers. */
export const crashDuringStart: Fault = {
  kind: 'crash-during-start',
  family: 'process',
  everyMs: 12_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, ...DOWN_MS),
    amount: prng.integer(1, 60),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined || !node.isUp || node.isPaused) return;
    let calls = 0;
    crashAt(cluster, action, node, () => ++calls >= action.amount, anySurvival(action));
    node.kill();
    startAgain(cluster, node.name);
  },
  heal: recover,
};

/** The power goes in the middle of a call that changes the disk. */
export const crashAtDiskCall: Fault = {
  kind: 'crash-at-disk-call',
  family: 'process',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, ...DOWN_MS),
    amount: prng.integer(1, 20),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined || !node.isUp || node.isPaused) return;
    let calls = 0;
    crashAt(cluster, action, node, (call) => isChange(call) && ++calls >= action.amount, anySurvival(action));
  },
  heal: recover,
};

/** The power goes in the middle of a write of several sectors, of which some get to the disk and some do not: the batch is torn. */
export const tornWrite: Fault = {
  kind: 'torn-write',
  family: 'disk',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, ...DOWN_MS),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined || !node.isUp || node.isPaused) return;
    const prng = new Prng(`torn/${action.number}/${action.choice}`);
    // The first sector that is asked about survives, the second does not; the rest as it comes.
    let asked = 0;
    const torn: Survival = ({ what, count }) => {
      if (what !== 'sector') return count - 1;
      asked++;
      if (asked <= 2) return asked === 1 ? count - 1 : 0;
      return prng.integer(0, count);
    };
    const isLarge = ({ operation, length }: FilesCall): boolean =>
      operation === 'writeAt' && length >= 2 * SECTOR_BYTES;
    crashAt(cluster, action, node, isLarge, torn);
  },
  heal: recover,
};

/** The machine loses its power in the middle of the call that `when` is true of, in whichever life of its process that comes. */
export function crashAt(
  cluster: SimulatedCluster,
  action: FaultAction,
  node: SimulatedNode,
  when: (call: FilesCall) => boolean,
  survival: Survival,
): void {
  let crashed = false;
  node.disk.trouble({
    holder: action.number,
    fault: (call): FilesFault | undefined => {
      if (crashed || !when(call)) return undefined;
      crashed = true;
      const { life } = node;
      cluster.director.nextTurn(() => {
        if (node.life === life) takeDown(cluster, action, node, () => node.powerCut(survival));
      });
      return { kind: 'crash', when: 'during' };
    },
  });
  faultsInForce(cluster).undoLater(action, () => node.disk.relieve(action.number));
}

/** Undoes `crashAt`. */
export function recover(cluster: SimulatedCluster, action: FaultAction): void {
  faultsInForce(cluster).undo(action);
  bringUp(cluster, action);
}

function anySurvival({ number, choice }: FaultAction): Survival {
  const prng = new Prng(`survival/${number}/${choice}`);
  return randomSurvival(() => prng.float());
}

function isChange({ operation }: FilesCall): boolean {
  return operation !== 'readAt' && operation !== 'size' && operation !== 'list' && operation !== 'close';
}
