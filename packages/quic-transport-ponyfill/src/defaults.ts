import { QuicError } from './errors.js';
import type { SessionLimits } from './options.js';
import type { GrantedLimits } from './session/framed-streams.js';
import type { WindowBounds } from './session/receive-window.js';

/** The application's protocol of raw QUIC if none is given. */
export const DEFAULT_ALPN = 'quic-transport/1';

/** Limits with nothing left open. */
export interface WholeLimits {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly incomingDatagrams: number;
  readonly granted: GrantedLimits;
}

/** Fills in the defaults. @throws QuicError `InvalidArgument` */
export function wholeLimits(limits: SessionLimits): WholeLimits {
  const idleTimeoutMs = positive('idleTimeoutMs', limits.idleTimeoutMs ?? 10_000, 24 * 3_600_000);
  const keepAliveMs = limits.keepAliveMs ?? Math.max(1, Math.floor(idleTimeoutMs / 3));
  return {
    connectTimeoutMs: positive('connectTimeoutMs', limits.connectTimeoutMs ?? 3_000, 3_600_000),
    idleTimeoutMs,
    keepAliveMs: positive('keepAliveMs', keepAliveMs, idleTimeoutMs),
    incomingDatagrams: positive('incomingDatagrams', limits.incomingDatagrams ?? 256, 1_000_000),
    granted: grantedLimits(limits),
  };
}

/** What a stream that nobody has read from may hold, bytes: an equal part of a quarter of what all may hold, but neither more than this, */
const FIRST_BYTES_MAX = 16_384;
/** nor less than this. */
const FIRST_BYTES_MIN = 1_024;
const FIRST_BYTES_SHARE = 4;
const SESSION_WINDOW_BYTES = 33_554_432;

function grantedLimits(limits: SessionLimits): GrantedLimits {
  const maxBidirectional = count('maxIncomingBidirectionalStreams', limits.maxIncomingBidirectionalStreams ?? 256);
  const maxUnidirectional = count('maxIncomingUnidirectionalStreams', limits.maxIncomingUnidirectionalStreams ?? 256);
  const streamBytes = positive('streamWindowBytes', limits.streamWindowBytes ?? 1_048_576, 1_073_741_824);
  const windows = windowBounds(streamBytes, limits.sessionWindowBytes, maxBidirectional + maxUnidirectional);
  return { maxBidirectional, maxUnidirectional, windows };
}

/** A quarter of what a session may hold is for the first bytes of as many streams as the peer may open; what is left is shared by those that are read. */
function windowBounds(streamBytes: number, sessionBytes: number | undefined, streams: number): WindowBounds {
  const leastBytes = FIRST_BYTES_SHARE * streams * Math.min(FIRST_BYTES_MIN, streamBytes);
  const wholeBytes = sessionBytes ?? Math.max(SESSION_WINDOW_BYTES, leastBytes);
  positive('sessionWindowBytes', wholeBytes, Number.MAX_SAFE_INTEGER);
  if (wholeBytes < leastBytes) {
    throw new QuicError(
      'InvalidArgument',
      `sessionWindowBytes ${wholeBytes} is less than ${leastBytes}, for ${streams} streams`,
    );
  }
  const part = streams === 0 ? FIRST_BYTES_MAX : Math.floor(wholeBytes / FIRST_BYTES_SHARE / streams);
  const firstBytes = Math.min(streamBytes, FIRST_BYTES_MAX, part);
  return { firstBytes, streamBytes, sharedBytes: wholeBytes - firstBytes * streams };
}

/**
 * Streams that the stack shall allow the peer: more than are granted above it, so that a stream which is over above, and not yet
 * beneath, holds up no other; and the control stream.
 */
export function stackStreams(granted: GrantedLimits): {
  readonly bidirectional: number;
  readonly unidirectional: number;
} {
  return { bidirectional: granted.maxBidirectional * 2 + 16, unidirectional: granted.maxUnidirectional * 2 + 16 };
}

/** An ALPN of 1 to 255 bytes (RFC 7301 section 3.1). @throws QuicError `InvalidArgument` */
export function checkedAlpn(alpn: string): string {
  const { length } = new TextEncoder().encode(alpn);
  if (length === 0 || length > 255 || alpn === 'h3') {
    throw new QuicError(
      'InvalidArgument',
      `alpn ${JSON.stringify(alpn)}: 1 to 255 bytes, and h3 is for mode webtransport`,
    );
  }
  return alpn;
}

function positive(name: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new QuicError('InvalidArgument', `${name} ${value} is not between 1 and ${max}`);
  }
  return value;
}

function count(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value > 100_000) {
    throw new QuicError('InvalidArgument', `${name} ${value} is not between 0 and 100000`);
  }
  return value;
}
