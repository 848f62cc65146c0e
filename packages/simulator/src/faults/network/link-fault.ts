import type { Prng } from '@flotilla/runtime/virtual';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { FaultAction, FaultTarget } from '../fault-action.js';
import type { Fault, FaultScope } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import type { LinkFault } from '../in-force/link-faults.js';
import { drawSpread } from '../targets.js';

/** What makes one kind of fault of links. */
export interface LinkFaultKind {
  readonly kind: string;
  readonly everyMs: number;
  /** How long it lasts, in virtual ms: from, and below. */
  readonly lastsMs: readonly [number, number];
  target(scope: FaultScope, prng: Prng): FaultTarget;
  /** How much, as the kind says; left out: it needs none. */
  amount?(prng: Prng): number;
  /** Which links are struck, and how; none where it cannot be done now. */
  links(cluster: SimulatedCluster, action: FaultAction): readonly LinkFault[];
}

/** A kind of fault of the links between machines, which is over when it is lifted. */
export function linkFault({ kind, everyMs, lastsMs, target, amount, links }: LinkFaultKind): Fault {
  return {
    kind,
    family: 'network',
    everyMs,
    draw: (scope, prng) => ({
      target: target(scope, prng),
      durationMs: drawSpread(prng, ...lastsMs),
      amount: amount?.(prng) ?? 0,
      choice: prng.float(),
    }),
    inject: (cluster, action) => faultsInForce(cluster).links.strike(action, links(cluster, action)),
    heal: (cluster, action) => faultsInForce(cluster).links.lift(action),
  };
}
