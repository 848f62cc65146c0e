import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { FaultAction } from '../fault-action.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import type { LinkFault } from '../in-force/link-faults.js';
import { drawSpread } from '../targets.js';
import { drawSlowLinks, slowLinks } from './delays.js';
import { linkFault } from './link-fault.js';

/** What arrives over some links waits, and then comes all at once: nothing is lost. */
export const clog: Fault = linkFault({
  kind: 'clog',
  everyMs: 5_000,
  lastsMs: [50, 5_000],
  target: drawSlowLinks,
  links: (cluster, action) => slowLinks(cluster, action, { clogged: true }),
});

/**
 * Links are clogged one by one, and released one by one in another order (FoundationDB's swizzle-clogging), so that what was held comes in every
 * mixture of old and new. It begins with all links of the machines named, each half of the time.
 */
export const swizzleClog: Fault = {
  kind: 'swizzle-clog',
  family: 'network',
  everyMs: 15_000,
  draw: (scope, prng) => {
    const nodes = prng.shuffled(scope.nodes);
    return {
      target: { kind: 'split', sides: [nodes.slice(0, prng.integer(1, nodes.length + 1))] },
      durationMs: drawSpread(prng, 1_000, 10_000),
      amount: 0,
      choice: prng.float(),
    };
  },
  inject: (cluster, action) => {
    const clogged = swizzledLinks(cluster, action);
    const { links } = faultsInForce(cluster);
    const { director } = cluster;
    const stepMs = action.durationMs / (2 * clogged.length + 1);
    const clogging = clogged.map((link, at) =>
      director.setTimer(at * stepMs, () => links.strike(action, [{ ...link, clogged: true }])),
    );
    const released = rotated(clogged, action.choice);
    const releasing = released.map(({ from, to }, at) =>
      director.setTimer((clogged.length + at) * stepMs, () => links.liftOne(action, from, to)),
    );
    faultsInForce(cluster).undoLater(action, () => {
      for (const timer of [...clogging, ...releasing]) timer.cancel();
      links.lift(action);
    });
  },
  heal: (cluster, action) => faultsInForce(cluster).undo(action),
};

function swizzledLinks(cluster: SimulatedCluster, { target }: FaultAction): LinkFault[] {
  const machines = target.kind === 'split' ? target.sides.flat() : [];
  return machines.flatMap((from) => cluster.names.flatMap((to) => (from === to ? [] : [{ from, to }])));
}

/** Another order that every link has another place in, as far as there are others: every second one first, then turned by chance. */
function rotated<T>(items: readonly T[], chance: number): T[] {
  const mixed = [...items.filter((_, at) => at % 2 === 1), ...items.filter((_, at) => at % 2 === 0)];
  const turn = Math.floor(chance * mixed.length);
  return [...mixed.slice(turn), ...mixed.slice(0, turn)];
}
