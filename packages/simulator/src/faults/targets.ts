import type { Prng } from '@flotilla/runtime/virtual';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import type { SimulatedNode } from '../world/simulated-node.js';
import type { FaultAction, FaultTarget } from './fault-action.js';
import type { FaultScope } from './fault.js';

/** How often a fault that may strike any machine strikes the leader of a group, which is where it hurts. */
const LEADER_CHANCE = 0.35;

/** A machine, or whichever leads a group when it happens. */
export function drawMachine(scope: FaultScope, prng: Prng): FaultTarget {
  if (prng.chance(LEADER_CHANCE)) return drawLeader(scope, prng);
  return { kind: 'node', node: prng.pick(scope.nodes) };
}

/** Whichever machine leads a group when it happens. */
export function drawLeader(scope: FaultScope, prng: Prng): FaultTarget {
  return { kind: 'leader', group: prng.integer(0, scope.groups) };
}

/** A direction between two different machines; of a single machine to itself, which nothing can strike. */
export function drawLink(scope: FaultScope, prng: Prng): FaultTarget {
  const [from = '', to = from] = prng.shuffled(scope.nodes);
  return { kind: 'link', from, to };
}

/** The machine that an action strikes, as things are now; undefined where there is none. */
export function struckMachine(cluster: SimulatedCluster, target: FaultTarget): SimulatedNode | undefined {
  switch (target.kind) {
    case 'node':
      return cluster.nodes.get(target.node);
    case 'leader':
      return cluster.leader(target.group);
    default:
      return undefined;
  }
}

/** A number in [low, high) that is as often between x and 2x as between 2x and 4x, as times of faults should be. In whole units. */
export function drawSpread(prng: Prng, low: number, high: number): number {
  let from = low;
  const octaves: number[] = [];
  for (; from < high; from *= 2) octaves.push(from);
  const begin = octaves.length === 0 ? low : prng.pick(octaves);
  return Math.floor(begin + prng.float() * (Math.min(begin * 2, high) - begin));
}

/** One of several things, by an action's own chance. */
export function chosen<T>(action: Pick<FaultAction, 'choice'>, items: readonly T[]): T | undefined {
  return items[Math.floor(action.choice * items.length)];
}
