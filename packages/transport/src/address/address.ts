import { FlotillaError } from '@flotilla/errors';
import { formatIpv6, parseIpv4, parseIpv6 } from './internet-address.js';

/** An address of a node, taken apart. */
export interface ParsedAddress {
  /** Lower case, with its colon: `ws:`, `wss:`, `mem:`. */
  readonly scheme: string;
  /** Canonical, IPv6 without brackets. */
  readonly host: string;
  readonly kind: 'ipv4' | 'ipv6' | 'name';
  /** Undefined where the URL has none and its scheme has no usual one. */
  readonly port: number | undefined;
  /** Empty, or a path that begins with a slash and is more than that. */
  readonly path: string;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'ws:': 80, 'wss:': 443, 'http:': 80, 'https:': 443 };
const ADDRESS = /^([a-z][a-z0-9+.-]*:)\/\/(\[[^\]]*\]|[^:/?#@[\]]+)(?::(\d{1,5}))?(\/[a-z0-9._~/-]*)?$/i;
const NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Takes an address apart. No user names, queries or fragments; IPv4 only as four decimal numbers.
 *
 * @throws {FlotillaError} InvalidArgument
 */
export function parseAddress(text: string): ParsedAddress {
  const match = ADDRESS.exec(text);
  if (match === null) throw invalid(text, 'not of the form scheme://host:port');
  const [, scheme = '', host = '', digits, path = ''] = match;
  const port = digits === undefined ? DEFAULT_PORTS[scheme.toLowerCase()] : Number(digits);
  if (port !== undefined && port > 65_535) throw invalid(text, `no port ${port}`);
  return {
    scheme: scheme.toLowerCase(),
    ...parseHost(text, host.toLowerCase()),
    port,
    path: path === '/' ? '' : path,
  };
}

function parseHost(text: string, host: string): Pick<ParsedAddress, 'host' | 'kind'> {
  if (host.startsWith('[')) {
    const groups = parseIpv6(host.slice(1, -1));
    if (groups === undefined) throw invalid(text, `no IPv6 address ${host}`);
    return { host: formatIpv6(groups), kind: 'ipv6' };
  }
  if (parseIpv4(host) !== undefined) return { host, kind: 'ipv4' };
  if (!NAME.test(host) || host.length > 253) throw invalid(text, `no host name ${host}`);
  const lastLabel = host.slice(host.lastIndexOf('.') + 1);
  if (/^(\d+|0x[0-9a-f]*)$/.test(lastLabel)) {
    throw invalid(text, `${host} is neither four decimal numbers nor a name, whose last part would not be a number`);
  }
  return { host, kind: 'name' };
}

/** Puts an address together in its canonical form. */
export function formatAddress(address: ParsedAddress): string {
  const host = address.kind === 'ipv6' ? `[${address.host}]` : address.host;
  const port = address.port === undefined ? '' : `:${address.port}`;
  return `${address.scheme}//${host}${port}${address.path}`;
}

/**
 * The one canonical form of an address: lower case, the port written out where the scheme has a usual one, no slash at
 * the end, IPv6 as RFC 5952 has it. Equal addresses have equal canonical forms.
 *
 * @throws {FlotillaError} InvalidArgument
 */
export function canonicalAddress(text: string): string {
  return formatAddress(parseAddress(text));
}

const KIND_ORDER = { ipv4: 0, ipv6: 1, name: 2 } as const;

/**
 * The total order of addresses, by which the smallest seed bootstraps: scheme, then numeric address before name (IPv4
 * before IPv6, by value; names by code unit), then port, then path. 0 exactly for equal canonical forms.
 *
 * @throws {FlotillaError} InvalidArgument
 */
export function compareAddresses(a: string, b: string): number {
  const left = parseAddress(a);
  const right = parseAddress(b);
  return (
    compareText(left.scheme, right.scheme) ||
    KIND_ORDER[left.kind] - KIND_ORDER[right.kind] ||
    compareHosts(left, right) ||
    (left.port ?? -1) - (right.port ?? -1) ||
    compareText(left.path, right.path)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareHosts(a: ParsedAddress, b: ParsedAddress): number {
  if (a.kind === 'name') return compareText(a.host, b.host);
  const parse = a.kind === 'ipv4' ? parseIpv4 : parseIpv6;
  const left = parse(a.host) ?? [];
  const right = parse(b.host) ?? [];
  for (const [position, value] of left.entries()) {
    const difference = value - (right[position] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function invalid(text: string, reason: string): FlotillaError<'InvalidArgument'> {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new FlotillaError('InvalidArgument', {
    message: `address ${JSON.stringify(shown)}: ${reason}; write it as ws://127.0.0.1:7000`,
    details: { argument: 'address', reason },
  });
}
