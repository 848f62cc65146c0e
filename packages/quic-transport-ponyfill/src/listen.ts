import { checkedAlpn, DEFAULT_ALPN, stackStreams, type WholeLimits, wholeLimits } from './defaults.js';
import { withDeadline } from './deadline.js';
import { QuicError } from './errors.js';
import type { ProofContext } from './framing/proof.js';
import type { Http3Server } from './http3/index.js';
import type { QuicListener } from './listener.js';
import { reasonOf } from './native/cancellation.js';
import { Mailbox } from './native/mailbox.js';
import type { NativeListener, NativeSession } from './native/native-session.js';
import { selectBackend } from './native/select-backend.js';
import type { ListenOptions } from './options.js';
import type { CloseInfo, PeerAddress, PeerCertificate, QuicSession, SessionRequest } from './session.js';
import { BareCore } from './session/bare-core.js';
import { closeInfo, quicClose } from './session/ending.js';
import { FramedCore } from './session/framed-core.js';
import type { HelloSide } from './session/hello.js';
import type { SessionCore } from './session/session-core.js';
import { UnprovenConnections } from './session/unproven-connections.js';
import { WebSession } from './session/web-session.js';

/** Of the sessions that a listener takes, the share that may be unproven at once; of few a few more. */
const UNPROVEN_SHARE = 1 / 4;
const UNPROVEN_MIN = 16;
const TOO_MANY_UNPROVEN = 'too many connections that have not said hello; the oldest goes';

/**
 * Listens for sessions on a UDP port; on Node and Deno.
 * @throws QuicError `InvalidArgument`, `ListenFailed`, `NativeLibraryMissing`, `Unsupported` (a browser), the signal's reason
 */
export async function listen(options: ListenOptions): Promise<QuicListener> {
  if (!('process' in globalThis) && !('Deno' in globalThis)) {
    throw new QuicError('Unsupported', 'a browser cannot listen');
  }
  options.signal?.throwIfAborted();
  const { mode = 'quic', tls } = options;
  const limits = wholeLimits(options);
  const alpn = mode === 'quic' ? checkedAlpn(options.alpn ?? DEFAULT_ALPN) : 'h3';
  const clientAuth = tls.clientAuth ?? (tls.ca === undefined ? 'none' : 'require');
  if (clientAuth === 'require' && tls.ca === undefined) {
    throw new QuicError('InvalidArgument', 'client certificates cannot be required without tls.ca');
  }
  const { maxSessions = 1024 } = options;
  if (!Number.isInteger(maxSessions) || maxSessions < 1) {
    throw new QuicError('InvalidArgument', `maxSessions ${maxSessions} is no integer above 0`);
  }
  if (mode === 'webtransport') {
    // What cannot be judged by is found out here, not by the first peer.
    const { requestJudge } = await import('./http3/index.js');
    requestJudge(options);
  }
  const proof = await import('./framing/proof.js');
  const { readPeerCertificate } = await import('./framing/peer-certificate.js');
  const identity = proof.readIdentity(tls.cert, tls.key);
  const backend = await selectBackend(options.backend ?? 'auto', { clientCertificates: clientAuth === 'require' });
  const native = await backend.listen({
    hostname: options.hostname ?? '0.0.0.0',
    port: options.port ?? 0,
    alpn: [alpn],
    cert: tls.cert,
    key: tls.key,
    clientAuth,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    idleTimeoutMs: limits.idleTimeoutMs,
    maxStreams: stackStreams(limits.granted),
    maxSessions,
  });
  const unproven = new UnprovenConnections(Math.max(UNPROVEN_MIN, Math.floor(maxSessions * UNPROVEN_SHARE)));
  if (options.signal?.aborted === true) {
    await native.close();
    throw reasonOf(options.signal);
  }
  return new Listening(native, {
    mode,
    alpn,
    limits,
    clientAuth,
    chain: identity.chain,
    sign: (context) => proof.signProof(identity, context),
    readCertificate: readPeerCertificate,
    unproven,
    listen: options,
  });
}

interface ListeningOptions {
  readonly mode: 'quic' | 'webtransport';
  readonly alpn: string;
  readonly limits: WholeLimits;
  readonly clientAuth: 'none' | 'require';
  /** This side's certificates (DER), and signatures of its key. */
  readonly chain: readonly Uint8Array[];
  readonly sign: (context: ProofContext) => Uint8Array;
  /** @throws QuicError `PeerUnproven` */
  readonly readCertificate: (der: Uint8Array) => PeerCertificate;
  readonly unproven: UnprovenConnections;
  readonly listen: ListenOptions;
}

class Listening implements QuicListener {
  readonly address: PeerAddress;
  readonly #native: NativeListener;
  readonly #options: ListeningOptions;
  readonly #ready = new Mailbox<QuicSession>();
  /** All that live, the unready ones too. */
  readonly #sessions = new Set<WebSession>();
  readonly #http3 = new Set<Http3Server>();
  #closing: Promise<void> | undefined;
  readonly #unlisten: () => void;

  constructor(native: NativeListener, options: ListeningOptions) {
    this.#native = native;
    this.#options = options;
    this.address = native.address;
    this.#unlisten = this.#listenTo(options.listen.signal);
    void this.#serve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<QuicSession> {
    for (;;) {
      const session = await this.#ready.take();
      if (session === undefined) return;
      yield session;
    }
  }

  drain(): void {
    for (const session of this.#sessions) session.drain();
    for (const connection of this.#http3) connection.drain();
  }

  close(info: Partial<CloseInfo> = {}): Promise<void> {
    const whole = closeInfo(info);
    this.#closing ??= this.#close(whole);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #listenTo(signal: AbortSignal | undefined): () => void {
    if (signal === undefined) return () => undefined;
    const abort = (): void => void this.close();
    signal.addEventListener('abort', abort, { once: true });
    return () => signal.removeEventListener('abort', abort);
  }

  async #close(info: CloseInfo): Promise<void> {
    this.#unlisten();
    this.#ready.end();
    const ends = [...this.#sessions].map(async (session) => {
      session.close(info);
      await session[Symbol.asyncDispose]();
    });
    await Promise.all(ends);
    await this.#native.close();
  }

  async #serve(): Promise<void> {
    for (let native = await this.#native.accept(); native !== undefined; native = await this.#native.accept()) {
      if (this.#options.mode === 'quic') this.#serveQuic(native);
      else void this.#serveHttp3(native);
    }
    this.#ready.end();
  }

  #serveQuic(connection: NativeSession): void {
    this.#options.unproven.add(connection, () => {
      const { code, reason } = quicClose('application', { closeCode: 0, reason: TOO_MANY_UNPROVEN });
      connection.close(code, reason);
    });
    this.#admit(this.#framed(connection, 'quic'), undefined, connection);
  }

  async #serveHttp3(connection: NativeSession): Promise<void> {
    const { H3_EXCESSIVE_LOAD, serveHttp3 } = await import('./http3/index.js');
    this.#options.unproven.add(connection, () => connection.close(H3_EXCESSIVE_LOAD, TOO_MANY_UNPROVEN));
    const { allowedOrigins, paths, accept } = this.#options.listen;
    const server = serveHttp3(connection, {
      ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
      ...(paths === undefined ? {} : { paths }),
      ...(accept === undefined ? {} : { accept }),
    });
    this.#http3.add(server);
    void server.closed.then(() => this.#http3.delete(server));
    for (let accepted = await server.accept(); accepted !== undefined; accepted = await server.accept()) {
      const { session, request, framed } = accepted;
      const core = framed
        ? this.#framed(session, 'webtransport')
        : new BareCore(session, this.#options.limits.keepAliveMs);
      this.#admit(core, request, connection);
    }
  }

  #framed(native: NativeSession, carrier: 'quic' | 'webtransport'): FramedCore {
    const { limits, clientAuth, chain, sign, readCertificate } = this.#options;
    const hello: HelloSide = {
      side: 'server',
      prove: (nonce) => {
        const [clientLeaf] = native.peerCertificates;
        // TLS has asked for one; a stack that does not show it must not make its client one without.
        if (clientAuth === 'require' && clientLeaf === undefined) {
          throw new QuicError('PeerUnproven', 'the client shows no certificate');
        }
        if (carrier === 'webtransport') return { chain: [], signature: new Uint8Array(0) };
        // Judged before anything is said, so that the client hears of a refusal in place of a hello.
        if (clientLeaf !== undefined) readCertificate(clientLeaf);
        return { chain, signature: sign({ nonce, clientLeaf }) };
      },
    };
    return new FramedCore(native, {
      hello,
      granted: limits.granted,
      idleTimeoutMs: limits.idleTimeoutMs,
      keepAliveMs: limits.keepAliveMs,
      carrier,
    });
  }

  /** Makes a session of a connection, which is given out once it is ready. */
  #admit(core: SessionCore, request: SessionRequest | undefined, connection: NativeSession): void {
    const { limits, mode, alpn, readCertificate, unproven, listen: options } = this.#options;
    const session = new WebSession(
      async (signal) => ({
        core,
        certificate: await withDeadline(
          (deadline) => core.start(deadline),
          limits.connectTimeoutMs,
          () => new QuicError('HelloTimeout', `no hello within ${limits.connectTimeoutMs} ms`),
          signal,
        ),
      }),
      {
        mode,
        protocol: alpn,
        request,
        incomingDatagrams: limits.incomingDatagrams,
        signal: undefined,
        readCertificate: async (der) => readCertificate(der),
      },
    );
    this.#sessions.add(session);
    if (this.#closing !== undefined) session.close();
    void core.gone.then(() => this.#sessions.delete(session));
    session.ready.then(
      () => {
        unproven.proven(connection);
        this.#ready.push(session);
      },
      (error: unknown) => options.onRefused?.({ remoteAddress: core.native.remoteAddress, error }),
    );
  }
}
