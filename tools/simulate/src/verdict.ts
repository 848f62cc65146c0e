import type { SimulateResult } from '@flotilla/simulator';

/** So many runs draw every kind of fault often enough that one which never took effect is broken. */
const RUNS_ENOUGH = 100;

/**
 * Kinds of fault that should have taken effect and never did: planned ones, when there were runs enough; and any that was asked for by name.
 */
export function missedFaults(result: SimulateResult, named: readonly string[] = []): string[] {
  const planned = result.seeds >= RUNS_ENOUGH ? result.neverInjected : [];
  return [...new Set([...planned, ...named.filter((kind) => !result.counts.has(kind))])];
}
