/** What a check may use, all partitions together. Where a bound is reached the verdict is `unknown`, unless a partition was refuted. */
export interface Budget {
  /** Steps of the model. Unbounded if absent. */
  readonly steps?: number;
  /** Configurations in memory at one time, of some 30 bytes each (more with hundreds of operations pending at once). 4,000,000 if absent. */
  readonly configurations?: number;
  /** Milliseconds by the clock of the options. Unbounded if absent. */
  readonly milliseconds?: number;
}

/** How to check. */
export interface CheckOptions {
  readonly budget?: Budget;
  /** Milliseconds of a monotonic clock, such as `() => performance.now()`. Needed with a budget of milliseconds. */
  readonly now?: () => number;
  /** Whether to go on with the other partitions when one is refuted: `stop` if absent. */
  readonly afterRefutation?: 'stop' | 'continue';
}

/** A budget that cannot be kept to: not positive, or of milliseconds without a clock. */
export class UnusableBudget extends Error {
  override readonly name = 'UnusableBudget';
}

const CONFIGURATIONS = 4_000_000;

/** A budget in full. */
export interface Limits {
  readonly steps: number;
  readonly configurations: number;
  /** Whether the time is over. */
  readonly isTimeOver: () => boolean;
}

/** @throws {UnusableBudget} */
export function limitsOf({ budget = {}, now }: CheckOptions): Limits {
  for (const [name, value] of Object.entries(budget)) {
    if (typeof value !== 'number' || !(value > 0)) throw new UnusableBudget(`the budget of ${name} is ${value}`);
  }
  const { steps = Number.POSITIVE_INFINITY, configurations = CONFIGURATIONS, milliseconds } = budget;
  if (milliseconds === undefined) return { steps, configurations, isTimeOver: () => false };
  if (now === undefined) throw new UnusableBudget('a budget of milliseconds needs a clock: options.now');
  const end = now() + milliseconds;
  return { steps, configurations, isTimeOver: () => now() >= end };
}
