import { QuicError } from './errors.js';
import type { PeerLimits } from './framing/control-frames.js';
import type { SessionLimits } from './options.js';

/** The application's protocol of raw QUIC if none is given. */
export const DEFAULT_ALPN = 'quic-transport/1';

/** Limits with nothing left open. */
export interface WholeLimits {
  readonly connectTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly incomingDatagrams: number;
  readonly granted: PeerLimits;
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
    granted: {
      maxBidirectional: count('maxIncomingBidirectionalStreams', limits.maxIncomingBidirectionalStreams ?? 256),
      maxUnidirectional: count('maxIncomingUnidirectionalStreams', limits.maxIncomingUnidirectionalStreams ?? 256),
      windowBytes: positive('streamWindowBytes', limits.streamWindowBytes ?? 1_048_576, 1_073_741_824),
    },
  };
}

/**
 * Streams that the stack shall allow the peer: more than are granted above it, so that a stream which is over above, and not yet
 * beneath, holds up no other; and the control stream.
 */
export function stackStreams(granted: PeerLimits): { readonly bidirectional: number; readonly unidirectional: number } {
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
