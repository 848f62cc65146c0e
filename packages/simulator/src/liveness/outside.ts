import type { Prng } from '@flotilla/runtime/virtual';
import { randomSurvival } from '@flotilla/storage/memory';
import { type Delay, uniformDelay } from '@flotilla/transport/memory';
import { hangingSync } from '../faults/disk/slow-calls.js';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import type { SimulatedNode } from '../world/simulated-node.js';
import type { Core } from './core.js';

/** Messages to and from a machine that is too slow to count take between these (virtual ms). */
const SLOW_MS = [3_000, 9_000] as const;

/** What is wrong with a machine outside the core, for good. */
type Breakage = 'down' | 'without-power' | 'isolated' | 'deaf' | 'mute' | 'paused' | 'slow' | 'hung-disk';

const BREAKAGES: readonly Breakage[] = [
  'down',
  'without-power',
  'isolated',
  'deaf',
  'mute',
  'paused',
  'slow',
  'hung-disk',
];

/** Stands for what is done here to a machine among the numbers of faults, which begin at 0: one each, since what bears a number is undone by it. */
function outsideNumber(cluster: SimulatedCluster, name: string): number {
  return -1 - cluster.names.indexOf(name);
}

/**
 * Breaks all machines outside the core, each in a way of its own. They stay so until `mendAll`. Returns whether it takes a write until a group
 * notices: a leader whose disk hangs leads on while nobody wants anything written.
 */
export function breakOutside(cluster: SimulatedCluster, core: Core, prng: Prng): boolean {
  let takesWrites = false;
  for (const name of core.outside) {
    const breakage = prng.pick(BREAKAGES);
    takesWrites ||= breakage === 'hung-disk';
    cluster.story.note(`outside the core from now on: ${breakage}`, { node: name });
    breakMachine(cluster, cluster.node(name), breakage, core.inside, prng.fork(name));
  }
  return takesWrites;
}

function breakMachine(
  cluster: SimulatedCluster,
  node: SimulatedNode,
  breakage: Breakage,
  inside: readonly string[],
  prng: Prng,
): void {
  const { network } = cluster;
  switch (breakage) {
    case 'down':
      return node.kill();
    case 'without-power':
      return node.powerCut(randomSurvival(() => prng.float()));
    case 'isolated':
      return network.isolate(node.name);
    case 'deaf':
      for (const other of inside) network.cut(other, node.name);
      return;
    case 'mute':
      for (const other of inside) network.cut(node.name, other);
      return;
    case 'paused':
      return node.pause();
    case 'slow':
      for (const other of inside) {
        network.setLatency(uniformDelay(...SLOW_MS), other, node.name);
        network.setLatency(uniformDelay(...SLOW_MS), node.name, other);
      }
      return;
    case 'hung-disk':
      return void hangingSync.inject(cluster, {
        number: outsideNumber(cluster, node.name),
        atMs: 0,
        kind: hangingSync.kind,
        target: { kind: 'node', node: node.name },
        durationMs: 0,
        amount: 0,
        choice: 0,
      });
  }
}

/** Makes the world as good as new: links as at the beginning, disks that answer, nobody paused, everybody up. */
export function mendAll(cluster: SimulatedCluster, latency: Delay): void {
  const { nodes, network } = cluster;
  network.restore();
  network.setLatency(latency);
  for (const node of nodes.values()) {
    node.disk.relieve(outsideNumber(cluster, node.name));
    node.resume();
    if (!node.isUp) cluster.background(`start of ${node.name}`, node.start());
  }
}
