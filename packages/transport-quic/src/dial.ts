import { FlotillaError } from '@flotilla/errors';
import { connect, type ConnectTlsOptions, type QuicSession } from '@flotilla/quic-transport-ponyfill';
import { isLoopbackAddress, type RemoteIdentity, type TlsIdentity } from '@flotilla/transport';
import { abortError, invalidConfig, type MessageSocket } from '@flotilla/transport/multiplex';
import { ALPN, type QuicAddress, sessionUrl } from './address.js';
import type { CheckedOptions } from './options.js';
import { dialError } from './session-errors.js';
import { sessionLimits } from './session-limits.js';
import { SessionSocket } from './session-socket.js';
import type { PortProbe } from './port-probe.js';

/** How to dial. */
export interface DialContext {
  readonly checked: CheckedOptions;
  readonly tls: ConnectTlsOptions | undefined;
  /** Who the other side is by its certificate; undefined where the platform shows none. */
  readonly identity: ((session: QuicSession) => TlsIdentity | undefined) | undefined;
  /** Finds out that nobody listens, long before QUIC does; undefined where the platform does not tell. */
  readonly probePort: PortProbe | undefined;
}

/** Opens a session. @throws {FlotillaError} InvalidConfig, Unreachable, Unauthorized, Overloaded; Aborted by the signal */
export async function connectSession(
  address: QuicAddress,
  { checked, tls, identity, probePort }: DialContext,
  signal: AbortSignal,
): Promise<MessageSocket> {
  const asked = address.mode === 'webtransport' ? checked.certificateHashes(address.url) : undefined;
  const hashes = await unlessAborted(address, asked, signal);
  // The signal of a session closes it later as well; ours is for the dial alone.
  const dialling = new AbortController();
  const onAbort = (): void => dialling.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
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
    const remote: RemoteIdentity = {
      address: address.url,
      tls: identity?.(session),
      ...(identity === undefined ? { tlsUnseen: true as const } : {}),
      loopback: isLoopbackAddress(session.remoteAddress?.hostname ?? address.parsed.host),
    };
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
    throw signal.aborted ? abortError(`dialling ${address.url}`, signal) : dialError(address.url, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    probing.abort();
  }
}

/** Who is asked for hashes may take longer than the dial has. */
async function unlessAborted<T>(
  address: QuicAddress,
  asked: Promise<T> | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(abortError(`dialling ${address.url}`, signal));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([asked, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function portClosed(url: string): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', {
    message: `${url} cannot be reached: nobody listens on this port`,
    details: { address: url },
  });
}

/** @throws {FlotillaError} InvalidConfig where there are no certificates and the address needs them */
export function requireTls<T>(address: QuicAddress, tls: T | undefined): T {
  if (tls === undefined) throw invalidConfig('tls', `${address.url} needs ca, cert and key`);
  return tls;
}
