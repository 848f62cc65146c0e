/** Counters of the loop, plain numbers that only grow unless it says otherwise. */
export interface LoopMetrics {
  /** Turns taken. */
  iterations: number;
  /** Gauge. */
  lastIterationDurationSeconds: number;
  /** Gauge: 1 while the loop runs, else 0. */
  up: number;
  /** By kind: a bounded set. */
  readonly errors: Record<LoopErrorKind, number>;
  /** Entries that became committed, all groups. */
  committedEntries: number;
  /** Entries given to state machines. */
  appliedEntries: number;
  framesReceived: number;
  framesSent: number;
  bytesReceived: number;
  bytesSent: number;
  messagesReceived: number;
  messagesSent: number;
  /** Frames that a connection refused. */
  framesRefused: number;
  logAppends: number;
  /** Gauge: turns stopped by the work budget with work left. */
  budgetExhausted: number;
}

/** What may go wrong in a turn without stopping the loop, but for `storage`. */
export type LoopErrorKind =
  | 'none'
  | 'malformed_frame'
  | 'unknown_group'
  | 'stale_incarnation'
  | 'refused_message'
  | 'group_stopped'
  | 'snapshot'
  | 'storage';
