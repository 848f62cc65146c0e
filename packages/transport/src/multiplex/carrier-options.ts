import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { transportLimits } from '../limits.js';
import { type TransportEvent, transportMetrics } from '../observe.js';
import type { TransportLimits } from '../transport.js';
import type { KeepAlive, MultiplexOptions } from './options.js';

/** What the options of every carrier have in common. */
export interface CarrierOptions {
  readonly runtime: Runtime;
  readonly limits?: Partial<TransportLimits>;
  /** How half-open connections are found out. */
  readonly keepAlive?: KeepAlive | 'off';
  /** For logs. */
  readonly observe?: (event: TransportEvent) => void;
}

/**
 * The options, checked, with defaults for what was left out; metrics that count from 0.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function multiplexOptions(options: CarrierOptions, keepAliveDefault: KeepAlive): MultiplexOptions {
  const { keepAlive = keepAliveDefault } = options;
  if (keepAlive !== 'off' && !(keepAlive.intervalMs > 0 && keepAlive.missedMax > 0)) {
    throw invalidConfig('keepAlive', 'an interval and a count above 0, or off');
  }
  return {
    runtime: options.runtime,
    limits: transportLimits(options.limits),
    keepAlive: keepAlive === 'off' ? undefined : keepAlive,
    metrics: transportMetrics(),
    observe: options.observe ?? ((): void => {}),
  };
}

/** An origin of pages as browsers write it (RFC 6454 section 6.2). @throws {FlotillaError} InvalidConfig */
export function canonicalOrigin(origin: string): string {
  const url = URL.canParse(origin) && !origin.includes('*') ? new URL(origin) : undefined;
  if (url === undefined || url.origin === 'null' || url.origin !== origin.replace(/\/$/, '').toLowerCase()) {
    throw invalidConfig(
      'allowedOrigins',
      `${JSON.stringify(origin)} is not of the form https://host or https://host:port`,
    );
  }
  return url.origin;
}

/** @returns the error for a configuration that cannot be used. */
export function invalidConfig(key: string, reason: string, cause?: unknown): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', { message: `${key}: ${reason}`, details: { key, reason }, cause });
}
