import { FlotillaError } from '@flotilla/errors';
import type { TransportLimits } from './transport.js';

const MIB = 1024 * 1024;

/** The bounds that hold where nothing else is said. */
export const defaultTransportLimits: TransportLimits = {
  frameBytesMax: 8 * MIB,
  queuedFramesMax: 4_096,
  queuedBytesMax: 16 * MIB,
  requestsInFlightMax: 4_096,
  handshakeTimeoutMs: 5_000,
  connectionsMax: 4_096,
};

/**
 * The limits with defaults for what is left out.
 *
 * @throws {FlotillaError} InvalidConfig for a limit that is unknown, no whole number from 1 on, or against another one.
 */
export function transportLimits(given: Partial<TransportLimits> = {}): TransportLimits {
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaultTransportLimits, key)) throw invalid(key, 'there is no such limit');
    if (!Number.isSafeInteger(value) || value < 1) throw invalid(key, `${value} is no whole number from 1 on`);
  }
  const limits = {
    ...defaultTransportLimits,
    queuedBytesMax: Math.max(defaultTransportLimits.queuedBytesMax, given.frameBytesMax ?? 0),
    ...given,
  };
  if (limits.queuedBytesMax < limits.frameBytesMax) {
    throw invalid('queuedBytesMax', `${limits.queuedBytesMax} is below frameBytesMax, ${limits.frameBytesMax}`);
  }
  if (limits.frameBytesMax > 1024 * MIB) throw invalid('frameBytesMax', 'at most 1 GiB');
  return limits;
}

function invalid(key: string, reason: string): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', {
    message: `transport limit ${key}: ${reason}`,
    details: { key: `limits.${key}`, reason },
  });
}
