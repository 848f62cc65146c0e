import type { Runtime } from '@flotilla/runtime';

/** Waits that double from `firstMs` to `maxMs`, each drawn between half and one and a half of its length, so that many callers spread out. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Of requests that found no leader, or a node that was busy. */
export const RETRY_BACKOFF: Backoff = { firstMs: 10, maxMs: 400 };

/** Of addresses that could not be dialled. */
export const DIAL_BACKOFF: Backoff = { firstMs: 50, maxMs: 2_000 };

/** Of watches that found nobody to serve them. */
export const WATCH_BACKOFF: Backoff = { firstMs: 20, maxMs: 2_000 };

const DOUBLINGS_MAX = 16;

/** The wait after `failures` failures in a row (1 or more), in ms. */
export function backoffMs(runtime: Runtime, backoff: Backoff, failures: number): number {
  const doublings = Math.min(Math.max(failures - 1, 0), DOUBLINGS_MAX);
  return Math.min(backoff.maxMs, backoff.firstMs * 2 ** doublings) * (0.5 + runtime.random());
}
