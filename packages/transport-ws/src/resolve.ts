import { lookup } from 'node:dns/promises';
import { FlotillaError } from '@flotilla/errors';
import { isLoopbackAddress } from '@flotilla/transport';
import type { WebSocketAddress } from './address.js';
import type { CheckedOptions, ResolvedAddress } from './options.js';
import { requirePlainAllowed } from './plain-policy.js';

/**
 * Resolves the host, and for plain addresses judges what it resolved to: all of it must be loopback. Whoever connects or
 * binds must use what is returned, and not resolve again.
 *
 * @throws {FlotillaError} Unreachable when there is no such name; InvalidConfig for plain beyond loopback
 */
export async function resolveHost(
  address: WebSocketAddress,
  options: CheckedOptions,
): Promise<readonly [ResolvedAddress, ...ResolvedAddress[]]> {
  const { host } = address.parsed;
  let resolved: readonly ResolvedAddress[];
  try {
    const isName = address.parsed.kind === 'name';
    resolved = await (isName && options.resolve !== undefined ? options.resolve(host) : lookup(host, { all: true }));
  } catch (error) {
    throw unresolved(address.url, host, error);
  }
  const [first, ...others] = resolved;
  if (first === undefined) throw unresolved(address.url, host, undefined);
  const beyond = resolved.find(({ address: ip }) => !isLoopbackAddress(ip));
  if (!address.secure && beyond !== undefined) {
    requirePlainAllowed(options, address.url, `${host} is ${beyond.address}`);
  }
  return [first, ...others];
}

function unresolved(url: string, host: string, cause: unknown): FlotillaError<'Unreachable'> {
  // Deno looks a name up for those who may reach all of its ports.
  const isForbidden = cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  const why = isForbidden
    ? `may not be looked up; Deno wants --allow-net=${host}, without a port`
    : 'has no known address';
  return new FlotillaError('Unreachable', {
    message: `${url}: ${host} ${why}`,
    details: { address: url },
    cause,
  });
}
