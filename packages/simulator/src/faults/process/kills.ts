import { Prng } from '@flotilla/runtime/virtual';
import { randomSurvival, type Survival } from '@flotilla/storage/memory';
import type { FaultAction } from '../fault-action.js';
import type { Fault } from '../fault.js';
import { drawMachine, drawSpread, struckMachine } from '../targets.js';
import { bringUp, takeAllDown, takeDown } from './machines-down.js';

/** From a quick restart to an absence in which logs are compacted. */
const DOWN_MS = [100, 30_000] as const;

/** The process dies; its system tells the peers, and its disk has all that it wrote. It starts again later. */
export const kill: Fault = {
  kind: 'kill',
  family: 'process',
  everyMs: 6_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, ...DOWN_MS),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => takeDown(cluster, action, struckMachine(cluster, action.target), (node) => node.kill()),
  heal: bringUp,
};

/** The machine loses its power: peers hear nothing, and of what was not synced any part survives, sector by sector. */
export const powerCut: Fault = {
  kind: 'power-cut',
  family: 'process',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, ...DOWN_MS),
    amount: prng.integer(0, 4),
    choice: prng.float(),
  }),
  inject: (cluster, action) =>
    takeDown(cluster, action, struckMachine(cluster, action.target), (node) => node.powerCut(survivalOf(action))),
  heal: bringUp,
};

/**
 * The machine is gone without a word, for longer than peers keep a silent connection, while its power comes back only later: half-open
 * connections, found out by traffic.
 */
export const halfOpen: Fault = {
  kind: 'half-open',
  family: 'process',
  everyMs: 15_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, 8_000, 60_000),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) =>
    takeDown(cluster, action, struckMachine(cluster, action.target), (node) => node.powerCut('all')),
  heal: bringUp,
};

/** All machines lose their power at once: every write that was acknowledged must still be there. */
export const powerCutAll: Fault = {
  kind: 'power-cut-all',
  family: 'process',
  everyMs: 40_000,
  draw: (_scope, prng) => ({
    target: { kind: 'cluster' },
    durationMs: drawSpread(prng, 100, 5_000),
    amount: prng.integer(0, 4),
    choice: prng.float(),
  }),
  inject: (cluster, action) => takeAllDown(cluster, action, (node, at) => node.powerCut(survivalOf(action, at))),
  heal: bringUp,
};

/** All processes die at once, and start again together. */
export const killAll: Fault = {
  kind: 'kill-all',
  family: 'process',
  everyMs: 40_000,
  draw: (_scope, prng) => ({
    target: { kind: 'cluster' },
    durationMs: drawSpread(prng, 50, 5_000),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => takeAllDown(cluster, action, (node) => node.kill()),
  heal: bringUp,
};

/**
 * What a power cut leaves of what was not synced, by the action's own chance: nothing, all, or any part. `amount` 0: nothing; 1: all; else
 * any.
 */
export function survivalOf({ amount, choice, number }: FaultAction, machine: number = 0): Survival {
  if (amount === 0) return 'none';
  if (amount === 1) return 'all';
  const prng = new Prng(`survival/${number}/${machine}/${choice}`);
  return randomSurvival(() => prng.float());
}
