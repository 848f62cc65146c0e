import {
  connectBy,
  type ConnectRequest,
  hostOf,
  isFramed,
  type OpenSession,
  started,
  startWebTransport,
} from './connect-by.js';
import { stackStreams } from './defaults.js';
import type { NativeConnectOptions, NativeSession } from './native/native-session.js';
import { selectBackend } from './native/select-backend.js';
import type { ConnectOptions } from './options.js';
import type { QuicSession } from './session.js';
import { FramedCore } from './session/framed-core.js';

/**
 * Connects to a listener. Returns at once, as W3C WebTransport's constructor does: `ready` tells how it went.
 *
 * `quic://host:port` is raw QUIC with `options.alpn`, between programs on Node and Deno. `https://host:port/path` is WebTransport
 * over HTTP/3, over the same QUIC. Pages have a `connect` of their own, over the browser's WebTransport.
 *
 * @throws QuicError `InvalidArgument` for a URL or option that makes no sense; everything else comes by `ready`
 */
export function connect(url: string | URL, options: ConnectOptions = {}): QuicSession {
  return connectBy(url, options, {
    quic: openRaw,
    webTransport: openWebTransport,
    readCertificate: async (der) => (await import('./framing/peer-certificate.js')).readPeerCertificate(der),
  });
}

const openRaw: OpenSession = async (request, signal) => {
  const { certificatesOf, checkProof } = await import('./framing/proof.js');
  const { limits, options, target } = request;
  const { tls = {} } = options;
  const [own] = tls.cert === undefined ? [] : certificatesOf(tls.cert, 'tls.cert');
  const bound = own !== undefined && (tls.proof ?? 'bound') === 'bound';
  const native = await openConnection(request, signal);
  const core = new FramedCore(native, {
    hello: {
      side: 'client',
      check: (chain, signature, nonce) =>
        checkProof(
          chain,
          signature,
          { nonce, clientLeaf: bound ? new Uint8Array(own.raw) : undefined },
          { ca: tls.ca, serverName: tls.serverName ?? hostOf(target), hashes: request.hashes, now: Date.now() },
        ),
    },
    granted: limits.granted,
    idleTimeoutMs: limits.idleTimeoutMs,
    keepAliveMs: limits.keepAliveMs,
    carrier: 'quic',
  });
  return started(core, signal);
};

const openWebTransport: OpenSession = async (request, signal) => {
  const connection = await openConnection(request, signal);
  const { connectHttp3 } = await import('./http3/index.js');
  const { target } = request;
  const path = `${target.pathname}${target.search}`;
  const native = await connectHttp3(connection, { authority: target.host, path, framed: isFramed(request), signal });
  return startWebTransport(native, request, signal);
};

async function openConnection(request: ConnectRequest, signal: AbortSignal): Promise<NativeSession> {
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
