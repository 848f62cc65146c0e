import type { Prng } from '@flotilla/runtime/virtual';

/** Faults come in bursts with quiet stretches between them, in which clients are served and histories are worth checking. */
export interface Bursts {
  /** Length of a burst, in virtual ms. */
  readonly burstMs: number;
  /** Length of the quiet stretch after it, in virtual ms; 0: faults go on all the time. */
  readonly quietMs: number;
}

/** Draws how faults come. */
export function drawBursts(prng: Prng): Bursts {
  return prng.pick([
    { burstMs: 10_000, quietMs: 0 },
    { burstMs: 5_000, quietMs: 10_000 },
    { burstMs: 10_000, quietMs: 25_000 },
    { burstMs: 20_000, quietMs: 40_000 },
  ]);
}

/** How much of a time is burst, in virtual ms. */
export function burstTime(totalMs: number, { burstMs, quietMs }: Bursts): number {
  const cycleMs = burstMs + quietMs;
  const whole = Math.floor(totalMs / cycleMs);
  return whole * burstMs + Math.min(burstMs, totalMs - whole * cycleMs);
}

/** When something happens that happens after so much time of bursts, in virtual ms. */
export function timeInBursts(atMs: number, { burstMs, quietMs }: Bursts): number {
  return atMs + Math.floor(atMs / burstMs) * quietMs;
}
