import type { SessionLimits } from '@flotilla/quic-transport-ponyfill';
import { STREAMS_MAX } from '@flotilla/transport/multiplex';
import type { CheckedOptions } from './options.js';

/** How long a session may take to be ready, in ms: one lost packet of each flight is made good within it. */
const CONNECT_TIMEOUT_MS = 3_000;
/** Those of control, frames and requests. */
const LANE_STREAMS = 3;

/** The bounds of every session. */
export function sessionLimits({ multiplex, idleTimeoutMs }: CheckedOptions): SessionLimits {
  return {
    connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, multiplex.limits.handshakeTimeoutMs),
    idleTimeoutMs,
    // Twice what may be open: streams that are over here may not be over there.
    maxIncomingBidirectionalStreams: LANE_STREAMS + 2 * STREAMS_MAX,
    maxIncomingUnidirectionalStreams: 4,
  };
}
