import { formatAddress, invalidConfig, parseAddress, type ParsedAddress } from '@flotilla/transport/multiplex';

/** An address of this transport, taken apart. */
export interface QuicAddress {
  readonly parsed: ParsedAddress;
  /** Canonical. */
  readonly url: string;
  /** `quic`: raw QUIC, between nodes, and for clients on Node and Deno. `webtransport`: what browsers speak, on a port of its own. */
  readonly mode: 'quic' | 'webtransport';
  readonly port: number;
}

/** @throws {FlotillaError} InvalidArgument for what is no address, InvalidConfig for another scheme */
export function quicAddress(text: string): QuicAddress {
  const parsed = parseAddress(text);
  if (parsed.scheme !== 'quic:' && parsed.scheme !== 'wt:') {
    throw invalidConfig('address', `${text} is neither quic: nor wt:`);
  }
  return {
    parsed,
    url: formatAddress(parsed),
    mode: parsed.scheme === 'quic:' ? 'quic' : 'webtransport',
    port: parsed.port ?? 0,
  };
}

/** The same address with another port. */
export function withPort(address: QuicAddress, port: number): string {
  return formatAddress({ ...address.parsed, port });
}

/** The path of a WebTransport session; its number is the version of how messages are put into streams. */
export const WEB_TRANSPORT_PATH = '/flotilla/1';
/** The protocol of raw QUIC (RFC 7301); its number likewise. */
export const ALPN = 'flotilla/1';

/** The URL by which the address is dialled. */
export function sessionUrl(address: QuicAddress): string {
  const { host, kind } = address.parsed;
  const authority = `${kind === 'ipv6' ? `[${host}]` : host}:${address.port}`;
  return address.mode === 'quic' ? `quic://${authority}` : `https://${authority}${WEB_TRANSPORT_PATH}`;
}
