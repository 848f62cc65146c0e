/** A source of chance, uniform in [0, 1). */
export type RandomSource = () => number;

/** A time in ms, or how to draw one. What is drawn must not be negative. */
export type Delay = number | ((random: RandomSource) => number);

/** A delay uniform in [minMs, maxMs). */
export function uniformDelay(minMs: number, maxMs: number): Delay {
  return (random) => minMs + (maxMs - minMs) * random();
}

/**
 * An exponentially distributed delay: at least `minMs`, on average `meanMs`, cut at `maxMs`.
 *
 * Drawn by von Neumann's comparison method (1951), which needs no logarithm: engines differ in their last digits of those.
 */
export function exponentialDelay(
  meanMs: number,
  bounds: { readonly minMs?: number; readonly maxMs?: number } = {},
): Delay {
  const { minMs = 0, maxMs = Infinity } = bounds;
  return (random) => Math.min(maxMs, minMs + (meanMs - minMs) * exponential(random));
}

/**
 * A heavy-tailed delay in [minMs, maxMs): the bounded Pareto distribution with exponent 1, half of whose draws lie below about twice `minMs`,
 * and one in a hundred above about a hundred times `minMs`. Needs nothing but a division.
 *
 * @throws {RangeError} unless 0 < minMs <= maxMs
 */
export function heavyTailedDelay(minMs: number, maxMs: number): Delay {
  if (!(minMs > 0 && minMs <= maxMs && maxMs < Infinity)) throw new RangeError(`a delay from ${minMs} to ${maxMs} ms`);
  const span = 1 - minMs / maxMs;
  return (random) => minMs / (1 - random() * span);
}

/** A draw with mean 1: the first of a descending run of even length, plus the number of runs that were odd. */
function exponential(random: RandomSource): number {
  for (let whole = 0; ; whole++) {
    const first = random();
    let last = first;
    let length = 1;
    for (;;) {
      const next = random();
      length++;
      if (next > last) break;
      last = next;
    }
    if (length % 2 === 0) return whole + first;
  }
}

/** Draws a delay in ms; never negative, never NaN. @throws {RangeError} for a delay that is. */
export function drawDelay(delay: Delay, random: RandomSource): number {
  const ms = typeof delay === 'number' ? delay : delay(random);
  if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`a delay of ${ms} ms`);
  return ms;
}
