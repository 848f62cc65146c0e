import { uniformDelay } from '@flotilla/transport/memory';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { drawLink } from '../targets.js';
import { drawSlowLinks, slowLinks } from './delays.js';
import { linkFault } from './link-fault.js';

const LASTS_MS = [500, 30_000] as const;

/**
 * Links that lose messages. A connection does not lose any: it sends them again, and all that is behind them waits.
 */
export const loss: Fault = linkFault({
  kind: 'loss',
  everyMs: 10_000,
  lastsMs: LASTS_MS,
  target: drawSlowLinks,
  amount: (prng) => 0.3 * prng.float(),
  links: (cluster, action) =>
    slowLinks(cluster, action, { loss: { stallProbability: action.amount, stall: uniformDelay(50, 1_500) } }),
});

/** Links whose connections break now and then, in the middle of what they carry. */
export const breakingConnections: Fault = linkFault({
  kind: 'breaking-connections',
  everyMs: 10_000,
  lastsMs: LASTS_MS,
  target: drawSlowLinks,
  amount: (prng) => 0.005 + 0.05 * prng.float(),
  links: (cluster, action) => slowLinks(cluster, action, { loss: { breakProbability: action.amount } }),
});

/** All connections between two machines break at once, and what was on its way is lost. */
export const connectionReset: Fault = breaking('connection-reset', 'dropped');

/**
 * All connections between two machines break, and what was on its way arrives later than what the one that dialled sends over a new
 * connection: frames in another order, and, where the sender repeats itself, twice.
 */
export const reorderingReset: Fault = breaking('reordering-reset', 'delivered');

function breaking(kind: string, inFlight: 'dropped' | 'delivered'): Fault {
  return {
    kind,
    family: 'network',
    everyMs: 1_500,
    draw: (scope, prng) => ({ target: drawLink(scope, prng), durationMs: 0, amount: 0, choice: prng.float() }),
    inject: (cluster, action) => {
      const { target } = action;
      if (target.kind !== 'link') return;
      const before = cluster.network.injected.broken;
      cluster.network.breakConnections(target.from, target.to, { inFlight });
      if (cluster.network.injected.broken > before) faultsInForce(cluster).tookEffect(action);
    },
  };
}
