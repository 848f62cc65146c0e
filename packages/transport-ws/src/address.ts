import { formatAddress, invalidConfig, parseAddress, type ParsedAddress } from '@flotilla/transport/multiplex';

/** An address of this transport, taken apart. */
export interface WebSocketAddress {
  readonly parsed: ParsedAddress;
  /** Canonical. */
  readonly url: string;
  readonly secure: boolean;
  readonly port: number;
}

/** @throws {FlotillaError} InvalidArgument for what is no address, InvalidConfig for another scheme */
export function webSocketAddress(text: string): WebSocketAddress {
  const parsed = parseAddress(text);
  if (parsed.scheme !== 'ws:' && parsed.scheme !== 'wss:') {
    throw invalidConfig('address', `${text} is neither ws: nor wss:`);
  }
  const secure = parsed.scheme === 'wss:';
  return {
    parsed,
    url: formatAddress(parsed),
    secure,
    port: parsed.port ?? 0,
  };
}

/** The same address with another port. */
export function withPort(address: WebSocketAddress, port: number): string {
  return formatAddress({ ...address.parsed, port });
}
