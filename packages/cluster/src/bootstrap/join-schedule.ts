/** How often, and how far apart, a joiner asks. */
export interface JoinSchedule {
  /** Attempts after the first one. */
  readonly maxAttempts: number;
  /** Wait before the last of them (ms). */
  readonly maxBackoffMs: number;
}

/**
 * Wait before an attempt (ms): the ceiling halved once for each attempt that is still to come, at least 1 ms. Attempt 0 is made at once;
 * so would be any above the maximum, which is never made. With 8 attempts and a ceiling of 32 s: 250 ms, 500 ms, 1, 2, 4, 8, 16, 32 s.
 */
export function joinDelayMs(attempt: number, schedule: JoinSchedule): number {
  if (attempt <= 0 || attempt > schedule.maxAttempts) return 0;
  return Math.max(1, Math.floor(schedule.maxBackoffMs / 2 ** (schedule.maxAttempts - attempt)));
}
