import { FlotillaError } from '@flotilla/errors';
import { formatIpv6, parseIpv4, parseIpv6 } from './internet-address.js';

/** An address taken apart, as a carrier needs it. */
export interface ParsedAddress {
  /** Lower case, with its colon: `ws:`, `wss:`, `mem:`. */
  readonly scheme: string;
  /** Canonical, IPv6 without brackets. */
  readonly host: string;
  readonly kind: 'ipv4' | 'ipv6' | 'name';
  /** Undefined where there is none, which only local schemes may have. */
  readonly port: number | undefined;
}

/** Schemes that do not leave the process: any name goes, and a port may be absent. */
const LOCAL_SCHEMES: ReadonlySet<string> = new Set(['mem:', 'port:']);
const ADDRESS = /^([a-z][a-z0-9+.-]*:)\/\/(\[[^\]]*\]|[^:/?#@[\]]+)(?::(\d{1,5}))?\/?$/i;
const NAME = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Takes an address apart, for a carrier of its scheme. No user names, paths, queries or fragments; IPv4 only as four
 * decimal numbers.
 *
 * @throws {FlotillaError} InvalidArgument
 */
export function parseAddress(text: string): ParsedAddress {
  const match = ADDRESS.exec(text);
  if (match === null) throw invalid(text, 'not of the form scheme://host:port');
  const [, schemeText = '', host = '', digits] = match;
  const scheme = schemeText.toLowerCase();
  const local = LOCAL_SCHEMES.has(scheme);
  const port = digits === undefined ? undefined : Number(digits);
  if (port === undefined && !local) throw invalid(text, 'without a port');
  if (port !== undefined && port > 65_535) throw invalid(text, `no port ${port}`);
  return { scheme, ...parseHost(text, host.toLowerCase(), local), port };
}

function parseHost(text: string, host: string, local: boolean): Pick<ParsedAddress, 'host' | 'kind'> {
  if (host.startsWith('[')) {
    const groups = parseIpv6(host.slice(1, -1));
    if (groups === undefined) throw invalid(text, `no IPv6 address ${host}`);
    return { host: formatIpv6(groups), kind: 'ipv6' };
  }
  if (parseIpv4(host) !== undefined) return { host, kind: 'ipv4' };
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  if (!NAME.test(name) || name.length > 253) throw invalid(text, `no host name ${host}`);
  const lastLabel = name.slice(name.lastIndexOf('.') + 1);
  if (!local && /^(\d+|0x[0-9a-f]*)$/.test(lastLabel)) {
    throw invalid(text, `${host} is neither four decimal numbers nor a name, whose last part would not be a number`);
  }
  return { host: name, kind: 'name' };
}

/** Puts an address together again, in its canonical form. */
export function formatAddress(address: ParsedAddress): string {
  const host = address.kind === 'ipv6' ? `[${address.host}]` : address.host;
  return `${address.scheme}//${host}${address.port === undefined ? '' : `:${address.port}`}`;
}

function invalid(text: string, reason: string): FlotillaError<'InvalidArgument'> {
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new FlotillaError('InvalidArgument', {
    message: `address ${JSON.stringify(shown)}: ${reason}; write it as ws://127.0.0.1:7000`,
    details: { argument: 'address', reason },
  });
}
