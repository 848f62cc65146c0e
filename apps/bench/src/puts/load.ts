import type { FlotillaClient } from '@flotilla/client';

/** What one run of a load gave. Times in ms. */
export interface LoadResult {
  readonly putsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly puts: number;
}

const KEYS = 10_000;

/** `clients` loops put values of `valueBytes`, each waiting for its answer before the next, for `seconds`. */
export async function runLoad(
  client: FlotillaClient,
  clients: number,
  valueBytes: number,
  seconds: number,
): Promise<LoadResult> {
  const value = new Uint8Array(valueBytes).fill(7);
  const latencies: number[] = [];
  let next = 0;
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let now = performance.now(); now < end;) {
        next += 1;
        await client.put(`key-${(next * 7_919) % KEYS}`, value);
        const after = performance.now();
        latencies.push(after - now);
        now = after;
      }
    }),
  );
  const elapsed = (performance.now() - begin) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return {
    putsPerSecond: latencies.length / elapsed,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    puts: latencies.length,
  };
}
