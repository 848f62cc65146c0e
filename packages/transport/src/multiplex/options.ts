import type { Runtime } from '@flotilla/runtime';
import type { TransportEvent, TransportMetrics } from '../observe.js';
import type { TransportLimits } from '../transport.js';

/** When a silent connection is asked whether it lives, and when it is given up. */
export interface KeepAlive {
  /** A connection that received nothing for this long is asked, in ms. */
  readonly intervalMs: number;
  /** After so many intervals without a byte it is broken. Counted in intervals, so that a process that was stopped asks first. */
  readonly missedMax: number;
}

/** What all connections of a transport share. */
export interface MultiplexOptions {
  readonly runtime: Runtime;
  readonly limits: TransportLimits;
  /** Undefined: a half-open connection is never noticed. */
  readonly keepAlive: KeepAlive | undefined;
  readonly metrics: TransportMetrics;
  readonly observe: (event: TransportEvent) => void;
}
