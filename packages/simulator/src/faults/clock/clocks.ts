import type { Timer } from '@flotilla/runtime';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';

/** A fifth, in millionths: beyond any clock that is not broken. */
const DRIFT_PPM_MAX = 200_000;
const STROBE_MS = 200;

/** A clock that runs too fast or too slow, by a few millionths or by a fifth. */
export const clockDrift: Fault = {
  kind: 'clock-drift',
  family: 'clock',
  everyMs: 10_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 1_000, 60_000),
    amount: drawSpread(prng, 50, DRIFT_PPM_MAX) * (prng.chance(0.5) ? 1 : -1),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined || !node.isUp) return;
    faultsInForce(cluster).drifts.give(action.number, node.name, action.amount);
    faultsInForce(cluster).tookEffect(action);
  },
  heal: (cluster, action) => faultsInForce(cluster).drifts.takeBack(action.number),
};

/** The monotonic clock jumps ahead, as after a pause that nobody saw: timers that it passes fall due at once. */
export const clockJump: Fault = {
  kind: 'clock-jump',
  family: 'clock',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: 0,
    amount: drawSpread(prng, 50, 30_000),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node?.runtime === undefined) return;
    node.runtime.jumpClock(action.amount);
    faultsInForce(cluster).tookEffect(action);
  },
};

/** The wall clock jumps, ahead or back, by up to hours. */
export const wallClockJump: Fault = {
  kind: 'wall-clock-jump',
  family: 'clock',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 1_000, 60_000),
    amount: drawSpread(prng, 10, 10_000_000) * (prng.chance(0.5) ? 1 : -1),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    const undo = node === undefined ? undefined : stepWallClock(node, action.amount);
    if (undo === undefined) return;
    faultsInForce(cluster).tookEffect(action);
    faultsInForce(cluster).undoLater(action, undo);
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/** The wall clock jumps to and fro, many times a second (Jepsen's strobe). */
export const clockStrobe: Fault = {
  kind: 'clock-strobe',
  family: 'clock',
  everyMs: 20_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 500, 5_000),
    amount: drawSpread(prng, 10, 5_000),
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    if (node === undefined || !node.isUp) return;
    const { director } = cluster;
    let undo: (() => void) | undefined;
    let timer: Timer | undefined;
    const flip = (): void => {
      if (undo === undefined) undo = stepWallClock(node, action.amount);
      else {
        undo();
        undo = undefined;
      }
      timer = director.setTimer(STROBE_MS, flip);
    };
    flip();
    faultsInForce(cluster).tookEffect(action);
    faultsInForce(cluster).undoLater(action, () => {
      timer?.cancel();
      undo?.();
    });
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

/** Moves the wall clock of the process that runs; what it returns moves it back, if that process still runs. */
function stepWallClock(node: SimulatedNode, ms: number): (() => void) | undefined {
  const { runtime } = node;
  if (runtime === undefined) return undefined;
  runtime.stepWallClock(ms);
  return () => runtime.stepWallClock(-ms);
}
