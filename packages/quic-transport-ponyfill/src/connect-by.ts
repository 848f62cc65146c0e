import { withDeadline } from './deadline.js';
import { checkedAlpn, DEFAULT_ALPN, type WholeLimits, wholeLimits } from './defaults.js';
import { QuicError } from './errors.js';
import type { NativeSession } from './native/native-session.js';
import type { ConnectOptions } from './options.js';
import type { PeerCertificate, QuicSession } from './session.js';
import { BareCore } from './session/bare-core.js';
import { FramedCore } from './session/framed-core.js';
import type { SessionCore } from './session/session-core.js';
import { type Establish, WebSession } from './session/web-session.js';

/** What is asked for, checked. */
export interface ConnectRequest {
  readonly target: URL;
  readonly options: ConnectOptions;
  readonly limits: WholeLimits;
  readonly hashes: readonly Uint8Array[] | undefined;
  /** The ALPN. */
  readonly protocol: string;
}

/** Makes the connection and says hello. */
export type OpenSession = (request: ConnectRequest, signal: AbortSignal) => ReturnType<Establish>;

/** What this runtime can do. */
export interface Openers {
  /** Absent where there is no raw QUIC. */
  readonly quic?: OpenSession;
  readonly webTransport: OpenSession;
  /** Of raw QUIC. */
  readonly readCertificate?: (der: Uint8Array) => Promise<PeerCertificate>;
}

/** `connect` of a runtime. @throws QuicError `InvalidArgument`, `Unsupported` (a scheme that this runtime does not speak) */
export function connectBy(url: string | URL, options: ConnectOptions, openers: Openers): QuicSession {
  const target = parseUrl(url);
  const limits = wholeLimits(options);
  const hashes = options.serverCertificateHashes?.map(({ algorithm, value }) => {
    if (algorithm !== 'sha-256' || value.length !== 32) {
      throw new QuicError('InvalidArgument', 'a server certificate hash is 32 bytes of sha-256');
    }
    return value;
  });
  if ((options.tls?.cert === undefined) !== (options.tls?.key === undefined)) {
    throw new QuicError('InvalidArgument', 'tls.cert and tls.key go together');
  }
  const mode = target.protocol === 'quic:' ? 'quic' : 'webtransport';
  const open = mode === 'quic' ? openers.quic : openers.webTransport;
  if (open === undefined)
    throw new QuicError('Unsupported', 'a browser speaks no raw QUIC: use https://host:port/path');
  const protocol = mode === 'quic' ? checkedAlpn(options.alpn ?? DEFAULT_ALPN) : 'h3';
  const request: ConnectRequest = { target, options, limits, hashes, protocol };
  const establish: Establish = (signal) =>
    withDeadline(
      (deadline) => open(request, deadline),
      limits.connectTimeoutMs,
      () => new QuicError('ConnectTimeout', `no session with ${target.host} within ${limits.connectTimeoutMs} ms`),
      signal,
    );
  return new WebSession(establish, {
    mode,
    protocol,
    request: undefined,
    incomingDatagrams: limits.incomingDatagrams,
    signal: options.signal,
    readCertificate: mode === 'quic' ? openers.readCertificate : undefined,
  });
}

/** Whether the frames of this package are wanted. */
export function isFramed(request: ConnectRequest): boolean {
  return (request.options.framing ?? 'ponyfill') === 'ponyfill';
}

/** Starts a WebTransport session over what carries it, with frames or without. */
export function startWebTransport(
  native: NativeSession,
  request: ConnectRequest,
  signal: AbortSignal,
): ReturnType<Establish> {
  const { limits } = request;
  if (!isFramed(request)) return started(new BareCore(native, limits.keepAliveMs), signal);
  const core = new FramedCore(native, {
    // TLS has proven the server, as the browser has it.
    hello: { side: 'client', check: () => undefined },
    granted: limits.granted,
    idleTimeoutMs: limits.idleTimeoutMs,
    keepAliveMs: limits.keepAliveMs,
    carrier: 'webtransport',
  });
  return started(core, signal);
}

/** Says hello. */
export async function started(core: SessionCore, signal: AbortSignal): ReturnType<Establish> {
  return { core, certificate: await core.start(signal) };
}

/** The host without the brackets that IPv6 addresses have in a URL alone. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/u, '$1');
}

function parseUrl(url: string | URL): URL {
  const text = String(url);
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || !['quic:', 'https:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new QuicError('InvalidArgument', `${text} is neither quic://host:port nor https://host:port/path`);
  }
  if (parsed.protocol === 'quic:' && parsed.port === '') {
    throw new QuicError('InvalidArgument', `${text} names no port`);
  }
  return parsed;
}
