import { FlotillaError } from '@flotilla/errors';
import { connect, type ConnectTlsOptions, type QuicSession } from '@flotilla/quic-transport-ponyfill';
import { isLoopbackAddress, type RemoteIdentity } from '@flotilla/transport';
import { abortError, type MessageSocket } from '@flotilla/transport/multiplex';
import { ALPN, type QuicAddress, sessionUrl } from './address.js';
import { type CheckedOptions, invalidConfig } from './options.js';
import { sessionError } from './session-errors.js';
import { sessionLimits } from './session-limits.js';
import { SessionSocket } from './session-socket.js';
import type { PortProbe } from './port-probe.js';
import type { CertificateBearer } from './tls.js';

/** How to dial. */
export interface DialContext {
  readonly checked: CheckedOptions;
  readonly tls: ConnectTlsOptions | undefined;
  /** Reads the certificate of the other side; undefined where the platform shows none. */
  readonly bearer: ((session: QuicSession) => CertificateBearer | undefined) | undefined;
  /** Finds out that nobody listens, long before QUIC does; undefined where the platform does not tell. */
  readonly probePort: PortProbe | undefined;
}

/** Opens a session. @throws {FlotillaError} InvalidConfig, Unreachable, Unauthorized, Overloaded; Aborted by the signal */
export async function connectSession(
  address: QuicAddress,
  { checked, tls, bearer, probePort }: DialContext,
  signal: AbortSignal,
): Promise<MessageSocket> {
  const hashes = address.mode === 'webtransport' ? await checked.certificateHashes(address.url) : undefined;
  if (signal.aborted) throw abortError(`dialling ${address.url}`, signal);
  // The signal of a session closes it later as well; ours is for the dial alone.
  const dialling = new AbortController();
  const onAbort = (): void => dialling.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const probing = new AbortController();
  probePort?.(address.parsed.host, address.port, probing.signal, () => dialling.abort(portClosed(address.url)));
  try {
    const session = connect(sessionUrl(address), {
      ...sessionLimits(checked),
      ...(address.mode === 'quic' ? { alpn: ALPN } : {}),
      ...(tls === undefined ? {} : { tls }),
      ...(hashes === undefined
        ? {}
        : { serverCertificateHashes: hashes.map((value) => ({ algorithm: 'sha-256' as const, value })) }),
      ...(checked.backend === undefined ? {} : { backend: checked.backend }),
      signal: dialling.signal,
    });
    await session.ready;
    const remote = remoteIdentity(address, session, bearer?.(session));
    const { runtime, metrics } = checked.multiplex;
    const { hostname = address.parsed.host, port = address.port } = session.remoteAddress ?? {};
    return new SessionSocket(session, {
      side: 'dialled',
      remote,
      runtime,
      metrics,
      ...(probePort === undefined
        ? {}
        : { probePort: (until, closed) => probePort(hostname, port, until, () => closed(portClosed(address.url))) }),
    });
  } catch (error) {
    throw signal.aborted ? abortError(`dialling ${address.url}`, signal) : sessionError(address.url, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    probing.abort();
  }
}

function portClosed(url: string): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', {
    message: `${url} cannot be reached: nobody listens on this port`,
    details: { address: url },
  });
}

function remoteIdentity(
  address: QuicAddress,
  session: QuicSession,
  bearer: CertificateBearer | undefined,
): RemoteIdentity {
  if (bearer?.authority === true) {
    session.close();
    throw authorityAsPeer(address.url);
  }
  const { host } = address.parsed;
  return {
    address: address.url,
    tls: bearer?.identity,
    loopback: isLoopbackAddress(session.remoteAddress?.hostname ?? host),
  };
}

/** @returns the error for who shows the certificate of an authority (CA:TRUE) as its own (RFC 5280, 4.2.1.9). */
export function authorityAsPeer(address: string): FlotillaError<'Unauthorized'> {
  const reason = 'a certificate of an authority (CA:TRUE)';
  return new FlotillaError('Unauthorized', { message: `${address}: ${reason}`, details: { reason } });
}

/** @throws {FlotillaError} InvalidConfig where there are no certificates and the address needs them */
export function requireTls<T>(address: QuicAddress, tls: T | undefined): T {
  if (tls === undefined) throw invalidConfig('tls', `${address.url} needs ca, cert and key`);
  return tls;
}
