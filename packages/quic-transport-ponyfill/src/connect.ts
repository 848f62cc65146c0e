import { checkedAlpn, DEFAULT_ALPN, stackStreams, type WholeLimits, wholeLimits } from './defaults.js';
import { withDeadline } from './deadline.js';
import { QuicError } from './errors.js';
import type { NativeConnectOptions, NativeSession } from './native/native-session.js';
import { selectBackend } from './native/select-backend.js';
import type { ConnectOptions } from './options.js';
import type { QuicSession } from './session.js';
import { BareCore } from './session/bare-core.js';
import { FramedCore, type HelloSide } from './session/framed-core.js';
import type { SessionCore } from './session/session-core.js';
import { type Establish, WebSession } from './session/web-session.js';

/**
 * Connects to a listener. Returns at once, as W3C WebTransport's constructor does: `ready` tells how it went.
 *
 * `quic://host:port` is raw QUIC with `options.alpn`, between programs on Node and Deno. `https://host:port/path` is WebTransport
 * over HTTP/3: by the browser's own in a browser, else over the same QUIC as above.
 *
 * @throws QuicError `InvalidArgument` for a URL or option that makes no sense; everything else comes by `ready`
 */
export function connect(url: string | URL, options: ConnectOptions = {}): QuicSession {
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
  const protocol = mode === 'quic' ? checkedAlpn(options.alpn ?? DEFAULT_ALPN) : 'h3';
  const request: Request = { target, options, limits, hashes, protocol };
  const attempt = mode === 'quic' ? connectRaw(request) : connectWebTransport(request);
  const establish: Establish = (signal) =>
    withDeadline(
      attempt,
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
    readCertificate:
      mode === 'quic'
        ? async (der) => (await import('./framing/peer-certificate.js')).readPeerCertificate(der)
        : undefined,
  });
}

interface Request {
  readonly target: URL;
  readonly options: ConnectOptions;
  readonly limits: WholeLimits;
  readonly hashes: readonly Uint8Array[] | undefined;
  readonly protocol: string;
}

type Attempt = (signal: AbortSignal) => ReturnType<Establish>;

function connectRaw(request: Request): Attempt {
  const { limits, options, target } = request;
  return async (signal) => {
    const { certificatesOf, checkProof } = await import('./framing/proof.js');
    const { tls = {} } = options;
    const [own] = tls.cert === undefined ? [] : certificatesOf(tls.cert, 'tls.cert');
    const bound = own !== undefined && (tls.proof ?? 'bound') === 'bound';
    const native = await openConnection(request, signal);
    const hello: HelloSide = {
      side: 'client',
      check: (chain, signature, nonce) =>
        checkProof(
          chain,
          signature,
          { nonce, clientLeaf: bound ? new Uint8Array(own.raw) : undefined },
          {
            ca: tls.ca,
            serverName: tls.serverName ?? hostOf(target),
            hashes: request.hashes,
            now: Date.now(),
          },
        ),
    };
    return started(
      new FramedCore(native, {
        hello,
        limits: limits.granted,
        idleTimeoutMs: limits.idleTimeoutMs,
        keepAliveMs: limits.keepAliveMs,
        carrier: 'quic',
      }),
      signal,
    );
  };
}

function connectWebTransport(request: Request): Attempt {
  const { limits, options } = request;
  const framed = (options.framing ?? 'ponyfill') === 'ponyfill';
  return async (signal) => {
    const native = await openWebTransport(request, framed, signal);
    if (!framed) return started(new BareCore(native, limits.keepAliveMs), signal);
    return started(
      new FramedCore(native, {
        // TLS has proven the server, as the browser has it.
        hello: { side: 'client', check: () => undefined },
        limits: limits.granted,
        idleTimeoutMs: limits.idleTimeoutMs,
        keepAliveMs: limits.keepAliveMs,
        carrier: 'webtransport',
      }),
      signal,
    );
  };
}

async function openWebTransport(request: Request, framed: boolean, signal: AbortSignal): Promise<NativeSession> {
  const { target } = request;
  if (!('process' in globalThis) && !('Deno' in globalThis)) {
    const { connectBrowser } = await import('./native/browser.js');
    const hashes = request.hashes === undefined ? {} : { serverCertificateHashes: request.hashes };
    return connectBrowser({ url: target, framed, signal, ...hashes });
  }
  const native = await openConnection(request, signal);
  const { connectHttp3 } = await import('./http3/index.js');
  const path = `${target.pathname}${target.search}`;
  return connectHttp3(native, { authority: target.host, path, framed, signal });
}

async function openConnection(request: Request, signal: AbortSignal): Promise<NativeSession> {
  const { limits, options, target } = request;
  const { tls = {} } = options;
  const backend = await selectBackend(options.backend ?? 'auto', { clientCertificates: false });
  const native: NativeConnectOptions = {
    hostname: hostOf(target),
    port: target.port === '' ? 443 : Number(target.port),
    serverName: tls.serverName ?? hostOf(target),
    alpn: [request.protocol],
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(request.hashes === undefined ? {} : { serverCertificateHashes: request.hashes }),
    idleTimeoutMs: limits.idleTimeoutMs,
    maxStreams: stackStreams(limits.granted),
    signal,
  };
  return backend.connect(native);
}

async function started(core: SessionCore, signal: AbortSignal): ReturnType<Establish> {
  return { core, certificate: await core.start(signal) };
}

/** IPv6 addresses have brackets in a URL alone. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/u, '$1');
}

function parseUrl(url: string | URL): URL {
  const parsed = URL.parse(String(url));
  if (parsed === null || !['quic:', 'https:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new QuicError('InvalidArgument', `${String(url)} is neither quic://host:port nor https://host:port/path`);
  }
  if (parsed.protocol === 'quic:' && parsed.port === '') {
    throw new QuicError('InvalidArgument', `${String(url)} names no port`);
  }
  return parsed;
}
