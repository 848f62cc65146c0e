import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isQuicAddress } from '../serve/transports.js';
import type { ServeConfig } from '../serve/node-config.js';
import type { Deno, DenoPermission } from './deno.js';
import { notPermitted } from './not-permitted.js';

/**
 * Judges before anything is touched whether Deno lets a server do all it will do, so that it neither fails half-way nor asks
 * questions while it serves. Addresses of members that join later are dialled, too: those are for `--allow-net` to foresee.
 *
 * @throws {FlotillaError} InvalidConfig, with the flags that are missing
 */
export function requireServePermissions(
  config: Pick<ServeConfig, 'node' | 'http' | 'dataFolder' | 'tls'>,
  deno: Deno,
  exists: (path: string) => boolean = existsSync,
): void {
  const missing = neededBy(config).filter((needed) => deno.permission(needed) !== 'granted');
  const mayLook = missing.every((needed) => needed.name !== 'read');
  if (mayLook) missing.push(...neededToMake(config.dataFolder, deno, exists));
  const flags = flagsOf(missing);
  if (usesQuic(config) && !deno.hasQuic) flags.push('--unstable-net');
  if (flags.length > 0) throw notPermitted(flags);
}

/** It listens on QUIC, or can reach the others by nothing else. */
function usesQuic({ node: { listen, seeds = [] } }: Pick<ServeConfig, 'node'>): boolean {
  return listen.some(isQuicAddress) || (seeds.length > 0 && seeds.every(isQuicAddress));
}

/** What Deno's own QUIC binds to dial. */
const QUIC_DIALS_FROM: DenoPermission = { name: 'net', host: '0.0.0.0:0' };

function neededBy({
  node,
  http,
  dataFolder,
  tls,
}: Pick<ServeConfig, 'node' | 'http' | 'dataFolder' | 'tls'>): DenoPermission[] {
  const files = tls === undefined ? [] : [tls.ca, tls.cert, tls.key];
  return [
    ...[...node.listen, ...(node.seeds ?? []), http].map((address) => netOf(address)),
    ...(usesQuic({ node }) ? [QUIC_DIALS_FROM] : []),
    ...[dataFolder, ...files].map((path) => ({ name: 'read', path }) as const),
    { name: 'write', path: dataFolder },
    { name: 'sys', kind: 'statfs' },
  ];
}

/** A data folder that is made is made durable in the folders above it, which are opened for that. */
function neededToMake(
  dataFolder: string,
  deno: Pick<Deno, 'permission'>,
  exists: (path: string) => boolean,
): DenoPermission[] {
  for (let folder = dataFolder; !exists(folder);) {
    folder = dirname(folder);
    const read = { name: 'read', path: folder } as const;
    if (deno.permission(read) !== 'granted') return [read];
  }
  return [];
}

/** An address is host and port; a name has to be looked up, which Deno allows for all ports of the name or for none. */
function netOf(address: string): DenoPermission {
  const { hostname, host, protocol, port } = new URL(address);
  const isIp = hostname.startsWith('[') || /^[\d.]+$/.test(hostname);
  const usual = protocol === 'https:' || protocol === 'wss:' ? 443 : 80;
  return { name: 'net', host: isIp ? (port === '' ? `${host}:${usual}` : host) : hostname };
}

function flagsOf(permissions: readonly DenoPermission[]): string[] {
  const byName = new Map<string, Set<string>>();
  for (const permission of permissions) {
    const values = byName.get(permission.name) ?? new Set();
    byName.set(permission.name, values.add(valueOf(permission)));
  }
  return [...byName].map(([name, values]) => `--allow-${name}=${[...values].join(',')}`);
}

function valueOf(permission: DenoPermission): string {
  switch (permission.name) {
    case 'read':
    case 'write':
      return permission.path;
    case 'net':
      return permission.host;
    case 'env':
      return permission.variable ?? '';
    case 'sys':
      return permission.kind;
  }
}
