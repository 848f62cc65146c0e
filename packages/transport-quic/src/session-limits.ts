import type { SessionLimits } from '@flotilla/quic-transport-ponyfill';
import { STREAMS_MAX } from '@flotilla/transport/multiplex';
import type { CheckedOptions } from './options.js';

/** How long QUIC may take to connect, in ms: it sends its first packet again after one second, and after two more. Who is silent for so long is not there. */
const CONNECT_TIMEOUT_MS = 4_000;
/** Those of control, frames and requests. */
const LANE_STREAMS = 3;

/** The bounds of every session. */
export function sessionLimits({ multiplex, idleTimeoutMs }: CheckedOptions): SessionLimits {
  const { handshakeTimeoutMs } = multiplex.limits;
  return {
    // Where the handshake has less time than that, its own deadline decides, and says what it is.
    connectTimeoutMs: handshakeTimeoutMs > CONNECT_TIMEOUT_MS ? CONNECT_TIMEOUT_MS : 2 * handshakeTimeoutMs,
    idleTimeoutMs,
    // Twice what may be open: streams that are over here may not be over there.
    maxIncomingBidirectionalStreams: LANE_STREAMS + 2 * STREAMS_MAX,
    maxIncomingUnidirectionalStreams: 4,
  };
}
