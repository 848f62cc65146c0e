import type { Prng } from '@flotilla/runtime/virtual';
import { type Delay, exponentialDelay, heavyTailedDelay, uniformDelay } from '@flotilla/transport/memory';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { FaultAction, FaultTarget } from '../fault-action.js';
import type { Fault, FaultScope } from '../fault.js';
import type { LinkFault } from '../in-force/link-faults.js';
import { drawLink, drawSpread, struckMachine } from '../targets.js';
import { linkFault } from './link-fault.js';

const LASTS_MS = [500, 30_000] as const;

/** Links that all take the same, long time. */
export const constantDelay: Fault = delayFault('constant-delay', [5, 400], (ms) => ms);

/** Links whose delays are spread evenly: connections between the same machines overtake each other. */
export const uniformDelays: Fault = delayFault('uniform-delay', [10, 600], (ms) => uniformDelay(0, ms));

/** Links whose delays have an exponential distribution. */
export const exponentialDelays: Fault = delayFault('exponential-delay', [5, 200], (ms) =>
  exponentialDelay(ms, { maxMs: 20 * ms }),
);

/** Links that are fast, but for the few messages that take a thousand times as long. */
export const heavyTailedDelays: Fault = delayFault('heavy-tailed-delay', [1, 10], (ms) =>
  heavyTailedDelay(ms, 1_000 * ms),
);

/** Links of little bandwidth: what is sent waits for what was sent before it. */
export const lowBandwidth: Fault = linkFault({
  kind: 'low-bandwidth',
  everyMs: 12_000,
  lastsMs: LASTS_MS,
  target: drawSlowLinks,
  amount: (prng) => drawSpread(prng, 2_000, 200_000),
  links: (cluster, action) => slowLinks(cluster, action, { bytesPerSecond: action.amount }),
});

function delayFault(kind: string, ms: readonly [number, number], delay: (ms: number) => Delay): Fault {
  return linkFault({
    kind,
    everyMs: 12_000,
    lastsMs: LASTS_MS,
    target: drawSlowLinks,
    amount: (prng) => drawSpread(prng, ...ms),
    links: (cluster, action) => slowLinks(cluster, action, { latency: delay(action.amount) }),
  });
}

/** One direction, all links of one machine, or all links there are. */
export function drawSlowLinks(scope: FaultScope, prng: Prng): FaultTarget {
  const which = prng.integer(0, 3);
  if (which === 0) return drawLink(scope, prng);
  return which === 1 ? { kind: 'node', node: prng.pick(scope.nodes) } : { kind: 'cluster' };
}

/** The links that such a target names, each with what is wrong with it. */
export function slowLinks(
  cluster: SimulatedCluster,
  { target }: FaultAction,
  fault: Omit<LinkFault, 'from' | 'to'>,
): LinkFault[] {
  if (target.kind === 'link') return [{ from: target.from, to: target.to, ...fault }];
  const machine = struckMachine(cluster, target)?.name;
  if (target.kind !== 'cluster' && machine === undefined) return [];
  return cluster.names.flatMap((from) =>
    cluster.names.flatMap((to): LinkFault[] => {
      const struck = machine === undefined || from === machine || to === machine;
      return from === to || !struck ? [] : [{ from, to, ...fault }];
    }),
  );
}
