import { sortedAddresses } from '@flotilla/routing';

/** What a node does first. */
export type StartDecision =
  /** The catalog names a cluster. It wins over flags and seeds. */
  | { readonly kind: 'restart' }
  /** Found a cluster and campaign at once. */
  | { readonly kind: 'bootstrap' }
  /** Ask these, in this order; never empty. */
  | { readonly kind: 'join'; readonly seeds: readonly string[] }
  /** Nobody to ask and nothing to found: failed at once. */
  | { readonly kind: 'no-seeds' };

/** What the decision depends on: nothing that the network says. */
export interface StartFacts {
  /** A cluster id is stored. */
  readonly formatted: boolean;
  /** Canonical, in any order. */
  readonly seeds: readonly string[];
  /** The own addresses, canonical, ports resolved. */
  readonly own: readonly string[];
  readonly forceBootstrap: boolean;
  /** A node that may not vote founds nothing. */
  readonly voter: boolean;
}

/**
 * Decides how a node starts, the same on all nodes that were given the same seeds: the smallest seed founds the cluster, the others join it.
 */
export function decideStart(facts: StartFacts): StartDecision {
  if (facts.formatted) return { kind: 'restart' };
  const seeds = sortedAddresses(facts.seeds);
  const isOwn = (address: string | undefined): boolean => address !== undefined && facts.own.includes(address);
  if (facts.voter && (isOwn(seeds[0]) || (facts.forceBootstrap && seeds.some(isOwn)))) return { kind: 'bootstrap' };
  const others = seeds.filter((seed) => !isOwn(seed));
  return others.length === 0 ? { kind: 'no-seeds' } : { kind: 'join', seeds: others };
}
