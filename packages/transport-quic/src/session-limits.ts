import type { SessionLimits } from '@flotilla/quic-transport-ponyfill';
import { STREAMS_MAX } from '@flotilla/transport/multiplex';
import type { CheckedOptions } from './options.js';

/** How long QUIC must be given to connect, in ms: it sends its first packet again after one second, and after two more. */
const CONNECT_TIMEOUT_MIN_MS = 4_000;
/** The part of the handshake's time after which who was silent is taken for not there. */
const CONNECT_TIMEOUT_PART = 0.8;
/** Those of control, frames and requests. */
const LANE_STREAMS = 3;
/** Of all streams together, in bytes: some byte streams at full speed, and a quarter of it for an unproven peer to fill in vain. */
const SESSION_WINDOW_BYTES = 4 * 1024 * 1024;

/** The bounds of every session. */
export function sessionLimits({ multiplex, idleTimeoutMs }: CheckedOptions): SessionLimits {
  const { handshakeTimeoutMs } = multiplex.limits;
  return {
    // Where the handshake has less time than QUIC needs, its own deadline comes first, and says what it is.
    connectTimeoutMs: Math.max(CONNECT_TIMEOUT_MIN_MS, CONNECT_TIMEOUT_PART * handshakeTimeoutMs),
    idleTimeoutMs,
    // Twice what may be open: streams that are over here may not be over there.
    maxIncomingBidirectionalStreams: LANE_STREAMS + 2 * STREAMS_MAX,
    maxIncomingUnidirectionalStreams: 4,
    sessionWindowBytes: SESSION_WINDOW_BYTES,
  };
}
