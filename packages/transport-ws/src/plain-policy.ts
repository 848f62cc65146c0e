import type { FlotillaError } from '@flotilla/errors';
import { invalidConfig } from '@flotilla/transport/multiplex';
import type { CheckedOptions } from './options.js';

/**
 * Lets plain bytes leave this machine only where that is allowed by name, and then says so loudly.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function requirePlainAllowed(options: CheckedOptions, address: string, reason: string): void {
  if (!options.plainAllowed) throw plainRefused(address, reason);
  options.multiplex.observe({ type: 'insecure-plain', address });
  options.warn(
    `INSECURE: ${address} carries plain bytes beyond this machine (${reason}); anybody on the way can read and forge them. Use wss: with certificates.`,
  );
}

/** @returns the error for plain bytes that would leave this machine. */
export function plainRefused(address: string, reason: string): FlotillaError<'InvalidConfig'> {
  return invalidConfig(
    'address',
    `plain ${address} is for loopback only (${reason}); use wss: with certificates, or allow it by plainOffLoopback: 'i-know-this-is-insecure'`,
  );
}
