import { FlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import type { ProofVerifier, Transport, TransportEvent } from '@flotilla/transport';
import { quicTransport } from '@flotilla/transport-quic';
import { webSocketTransport } from '@flotilla/transport-ws';

/** What the transports of a process are made with. */
export interface TransportSettings {
  /** Contents of files, in PEM; undefined: plain connections on loopback are all there is. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
  readonly allowPlain: boolean;
  readonly allowedOrigins?: readonly string[];
  /** Judges what those prove who are asked for no certificate: at `wt:`, and at the listeners for pages. */
  readonly proofs?: ProofVerifier | undefined;
  /** Listeners for pages. */
  readonly listenPages?: readonly string[];
  readonly observe?: (event: TransportEvent) => void;
  readonly warn?: (text: string) => void;
}

/** A transport whose certificates can be exchanged. */
export type CertifiedTransport = Transport & {
  reloadTls(tls: { readonly ca: string; readonly cert: string; readonly key: string }): void;
};

/**
 * The transports of a server or command: WebSocket always; QUIC where there are certificates, without which it does nothing. Its
 * native library is loaded when a `quic:` or `wt:` address is first listened on or dialled.
 */
export function transportsOf(settings: TransportSettings): CertifiedTransport[] {
  const { tls, allowPlain, allowedOrigins = [], proofs, listenPages = [], observe, warn } = settings;
  const common = {
    runtime: systemRuntime,
    allowedOrigins,
    ...(tls === undefined ? {} : { tls }),
    ...(observe === undefined ? {} : { observe }),
  };
  const webSocket = webSocketTransport({
    ...common,
    ...(allowPlain ? { plainOffLoopback: 'i-know-this-is-insecure' as const } : {}),
    ...(warn === undefined ? {} : { warn }),
    ...(proofs === undefined ? {} : { proofs, challenging: listenPages.filter((address) => !isQuicAddress(address)) }),
  });
  return tls === undefined
    ? [webSocket]
    : [webSocket, quicTransport({ ...common, ...(proofs === undefined ? {} : { proofs }) })];
}

/** Whether an address is one of QUIC. */
export function isQuicAddress(address: string): boolean {
  return /^(quic|wt):/i.test(address);
}

/** @throws {FlotillaError} InvalidConfig where addresses need certificates and there are none. */
export function requireCertificates(key: string, addresses: readonly string[], tls: unknown): void {
  const needing = addresses.find((address) => isQuicAddress(address) || /^wss:/i.test(address));
  if (needing === undefined || tls !== undefined) return;
  const reason = `${needing} needs certificates: set tlsCa, tlsCert and tlsKey ("flotilla cert" makes them)`;
  throw new FlotillaError('InvalidConfig', { message: `${key}: ${reason}`, details: { key, reason } });
}
