import type { CommitRate } from '../browser-plan.js';

/** Calls `commit` again and again for so many seconds, `outstanding` at a time. */
export async function commitRate(
  commit: () => Promise<unknown>,
  outstanding: number,
  seconds: number,
): Promise<CommitRate> {
  const delays: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  await Promise.all(
    Array.from({ length: outstanding }, async () => {
      for (let now = performance.now(); now < end;) {
        await commit();
        const after = performance.now();
        delays.push(after - now);
        now = after;
      }
    }),
  );
  const sorted = Float64Array.from(delays).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { perSecond: delays.length / ((performance.now() - begin) / 1_000), p50: at(0.5), p99: at(0.99) };
}
