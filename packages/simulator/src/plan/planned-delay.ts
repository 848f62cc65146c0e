import type { Prng } from '@flotilla/runtime/virtual';
import { type Delay, exponentialDelay, uniformDelay } from '@flotilla/transport/memory';
import type { PlannedDelay } from './simulation-plan.js';

/** The delay that a plan means, as networks take it. */
export function delayOf(planned: PlannedDelay): Delay {
  switch (planned.kind) {
    case 'none':
      return 0;
    case 'constant':
      return planned.ms;
    case 'uniform':
      return uniformDelay(planned.minMs, planned.maxMs);
    case 'exponential':
      return exponentialDelay(planned.meanMs, { minMs: planned.minMs, maxMs: planned.maxMs });
  }
}

/** The same as a function of a source of chance; undefined where there is no delay at all. */
export function drawerOf(planned: PlannedDelay): ((prng: Prng) => number) | undefined {
  if (planned.kind === 'none') return undefined;
  const delay = delayOf(planned);
  if (typeof delay === 'number') return () => delay;
  return (prng) => delay(() => prng.float());
}
