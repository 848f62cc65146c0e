/** What may go wrong in a turn without stopping the loop, but for `storage` and `internal`, which do. A bounded set: labels of a metric. */
export const LOOP_ERROR_KINDS = [
  'malformed_frame',
  'inbox_full',
  'unknown_group',
  'stale_incarnation',
  'refused_message',
  'group_stopped',
  'snapshot',
  'storage',
  'storage_stalled',
  'storage_full',
  'internal',
] as const;

/** A kind of error of the loop. */
export type LoopErrorKind = (typeof LOOP_ERROR_KINDS)[number];

/** Counters of the loop: plain numbers that only grow, but for those called gauges. */
export interface LoopMetrics {
  /** Turns taken. */
  iterations: number;
  /** Gauge. */
  lastIterationDurationSeconds: number;
  /** Gauge: 1 while the loop runs, else 0. */
  up: 0 | 1;
  readonly errors: Record<LoopErrorKind, number>;
  /** Entries that became committed and durable here, all groups. */
  committedEntries: number;
  /** Entries delivered to state machines, empty ones and membership changes included. */
  appliedEntries: number;
  framesReceived: number;
  framesSent: number;
  bytesReceived: number;
  bytesSent: number;
  messagesReceived: number;
  messagesSent: number;
  /** Frames that no connection took. */
  framesRefused: number;
  /** Batches given to the log. */
  logAppends: number;
  /** Turns that ended with work left because their budget was used up. */
  budgetExhausted: number;
}

/** All at zero. */
export function newLoopMetrics(): LoopMetrics {
  return {
    iterations: 0,
    lastIterationDurationSeconds: 0,
    up: 0,
    errors: {
      malformed_frame: 0,
      inbox_full: 0,
      unknown_group: 0,
      stale_incarnation: 0,
      refused_message: 0,
      group_stopped: 0,
      snapshot: 0,
      storage: 0,
      storage_stalled: 0,
      storage_full: 0,
      internal: 0,
    },
    committedEntries: 0,
    appliedEntries: 0,
    framesReceived: 0,
    framesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    messagesReceived: 0,
    messagesSent: 0,
    framesRefused: 0,
    logAppends: 0,
    budgetExhausted: 0,
  };
}
