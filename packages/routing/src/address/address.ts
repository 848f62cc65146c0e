import { FlotillaError } from '@flotilla/errors';
import { ipv6Text, parseIpv4, parseIpv6 } from './ip-address.js';

/** Schemes whose hosts are names of the process's own making, so that any name goes and a port may be absent. */
const LOCAL_SCHEMES: ReadonlySet<string> = new Set(['mem', 'port']);
const PORT_MAX = 65_535;
const NAME_CHARACTERS_MAX = 253;
const KIND_ORDER = { ipv4: 0, ipv6: 1, name: 2 } as const;

/** An address in parts. */
export interface Address {
  /** Without its colon: `ws`, `wss`, `quic`, `mem`, `port`. */
  readonly scheme: string;
  readonly kind: keyof typeof KIND_ORDER;
  /** Canonical; an IPv6 address without its brackets. */
  readonly host: string;
  /** 4 bytes or 8 16-bit parts of a numeric address; empty for a name. */
  readonly numbers: readonly number[];
  /** 0: not chosen yet (listen only), or absent with `mem` and `port`. */
  readonly port: number;
  /** The canonical URL: what is compared, stored and shown. */
  readonly text: string;
}

/**
 * Reads an address `scheme://host:port` and brings it into its one canonical form: lower case, IPv4 as dotted decimal, IPv6
 * as in RFC 5952, no final dot of a name, no path.
 *
 * @throws {FlotillaError} InvalidArgument: no URL, an unknown host form, a port that is missing or outside 0 to 65,535, or
 * anything (user, path, query, fragment) behind or before host and port.
 */
export function parseAddress(text: string): Address {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^:/?#@[\]]*)(?::([^/?#@]*))?\/?$/i.exec(text);
  if (match === null) throw badAddress(text, 'not of the form scheme://host:port');
  const [, schemeText = '', hostText = '', portText] = match;
  const scheme = schemeText.toLowerCase();
  const local = LOCAL_SCHEMES.has(scheme);
  const { kind, host, numbers } = parseHost(text, hostText.toLowerCase(), local);
  const port = parsePort(text, portText, local);
  const hostInUrl = kind === 'ipv6' ? `[${host}]` : host;
  const canonical = portText === undefined ? `${scheme}://${hostInUrl}` : `${scheme}://${hostInUrl}:${port}`;
  return { scheme, kind, host, numbers, port, text: canonical };
}

/** The canonical form of an address. @throws {FlotillaError} InvalidArgument, as `parseAddress` */
export function canonicalAddress(text: string): string {
  return parseAddress(text).text;
}

/** Whether the text is an address in canonical form that others can dial: its port is not 0. */
export function isAdvertisable(text: string): boolean {
  try {
    const address = parseAddress(text);
    return address.text === text && (address.port > 0 || LOCAL_SCHEMES.has(address.scheme));
  } catch (error) {
    if (error instanceof FlotillaError) return false;
    throw error;
  }
}

/**
 * The one total order of addresses: by scheme, then numeric addresses (IPv4, then IPv6, by their numbers) before names, then
 * by port as a number. 0 only for addresses whose canonical forms are the same.
 */
export function compareAddresses(a: Address, b: Address): number {
  if (a.scheme !== b.scheme) return a.scheme < b.scheme ? -1 : 1;
  if (a.kind !== b.kind) return KIND_ORDER[a.kind] - KIND_ORDER[b.kind];
  for (const [at, number] of a.numbers.entries()) {
    const other = b.numbers[at] ?? 0;
    if (number !== other) return number - other;
  }
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  if (a.port !== b.port) return a.port - b.port;
  if (a.text === b.text) return 0;
  return a.text < b.text ? -1 : 1;
}

/** The addresses in canonical form and total order, each once. @throws {FlotillaError} InvalidArgument for a bad one */
export function sortedAddresses(texts: readonly string[]): string[] {
  const sorted = texts.map(parseAddress).toSorted(compareAddresses);
  return sorted.map((address) => address.text).filter((text, at, all) => text !== all[at - 1]);
}

/** The seed that bootstraps, in canonical form; undefined without seeds. @throws {FlotillaError} InvalidArgument for a bad one */
export function smallestSeed(seeds: readonly string[]): string | undefined {
  return sortedAddresses(seeds)[0];
}

function parseHost(text: string, host: string, local: boolean): Pick<Address, 'kind' | 'host' | 'numbers'> {
  if (host.startsWith('[')) {
    const hextets = parseIpv6(host.slice(1, -1));
    if (hextets === undefined) throw badAddress(text, 'its IPv6 address is none');
    return { kind: 'ipv6', host: ipv6Text(hextets), numbers: hextets };
  }
  const bytes = parseIpv4(host);
  if (bytes !== undefined) return { kind: 'ipv4', host: bytes.join('.'), numbers: bytes };
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  if (!isName(name)) throw badAddress(text, 'its host is no name and no numeric address');
  // What ends in a number would be taken for an IPv4 address by some and for a name by others.
  if (!local && /(^|\.)(0x[0-9a-f]*|[0-9]+)$/.test(name)) throw badAddress(text, 'its IPv4 address is none');
  return { kind: 'name', host: name, numbers: [] };
}

function isName(name: string): boolean {
  if (name.length === 0 || name.length > NAME_CHARACTERS_MAX) return false;
  return name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
}

function parsePort(text: string, port: string | undefined, local: boolean): number {
  if (port === undefined) {
    if (local) return 0;
    throw badAddress(text, 'its port is missing');
  }
  if (!/^(0|[1-9][0-9]{0,4})$/.test(port) || Number(port) > PORT_MAX) {
    throw badAddress(text, `its port ${JSON.stringify(port)} is no number from 0 to ${PORT_MAX}`);
  }
  return Number(port);
}

function badAddress(text: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `${JSON.stringify(text)} is no address: ${reason}. Give a URL such as ws://127.0.0.1:7001`,
    details: { argument: 'address', reason },
  });
}
