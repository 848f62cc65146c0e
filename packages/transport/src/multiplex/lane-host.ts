import type { TransportMetrics } from '../observe.js';
import type { TransportLimits } from '../transport.js';
import type { ControlLane } from './control-lane.js';

/** What a lane needs of the connection that it belongs to. */
export interface LaneHost {
  readonly address: string;
  readonly limits: TransportLimits;
  /** What the other side takes: the smaller of its limits and ours. */
  readonly sendLimits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
  readonly metrics: TransportMetrics;
  /** Reports the failure of a user's callback. */
  report(error: Error): void;
}

/** Where the pieces of a lane leave. */
export interface LaneOutlet {
  /** Short pieces that go first, in order with those of the lane. */
  readonly control: ControlLane;
  /** Something was queued: send it at the end of the turn. */
  wake(): void;
}
