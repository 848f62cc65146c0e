import { median } from '../core/median.js';
import type { Delays, Measured, RoundTrips } from './plan.js';

/** Of each figure the median of the runs. */
export function medianOf(runs: readonly Measured[]): Measured {
  const number = (read: (run: Measured) => number | undefined): number =>
    median(runs.map((run) => read(run) ?? Number.NaN));
  const delays = (read: (run: Measured) => Delays | undefined): Delays => ({
    p50: number((run) => read(run)?.p50),
    p99: number((run) => read(run)?.p99),
  });
  const roundTrips = (
    read: (run: Measured) => Readonly<Record<string, RoundTrips>> | undefined,
  ): Readonly<Record<string, RoundTrips>> =>
    Object.fromEntries(
      Object.keys(read(runs[0] as Measured) ?? {}).map((key) => [
        key,
        { perSecond: number((run) => read(run)?.[key]?.perSecond), ...delays((run) => read(run)?.[key]) },
      ]),
    );
  return {
    frames: roundTrips((run) => run.frames),
    requests: runs[0]?.requests === undefined ? undefined : roundTrips((run) => run.requests),
    streamMiB: number((run) => run.streamMiB),
    heartbeatAlone: delays((run) => run.heartbeatAlone),
    heartbeatBesideSnapshot: delays((run) => run.heartbeatBesideSnapshot),
    snapshotMiB: number((run) => run.snapshotMiB),
  };
}
