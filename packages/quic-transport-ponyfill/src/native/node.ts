import type * as Http3 from '@currentspace/http3';
import type { QuicClientSession, QuicServer, QuicServerSession } from '@currentspace/http3';
import { isQuicError, QuicError } from '../errors.js';
import type { PeerAddress } from '../session.js';
import { untilAborted } from './cancellation.js';
import { LIBRARY_EVENT, type LibraryConnection, type LibraryEvent, LibrarySession } from './library-session.js';
import { Mailbox } from './mailbox.js';
import type {
  NativeBackend,
  NativeConnectOptions,
  NativeListener,
  NativeListenOptions,
  NativeSession,
} from './native-session.js';
import { resolveHost } from './resolve.js';
import { withSecondAttempt } from './second-attempt.js';
import { tlsFailure } from './tls-failure.js';

/** The native library's exports. */
export type Library = typeof Http3;

/** What of the library's event loop is used beside its public face; private there, and the same in all of 0.9. */
interface EventLoop {
  streamSend(...args: readonly (number | Uint8Array | boolean)[]): number;
  streamClose(...args: readonly number[]): void;
  openStream?(): number;
}

/** Events are taken before the library makes Duplex streams of them: those mix resets of one direction with the end of both. */
interface Dispatching {
  _dispatchEvents(events: readonly LibraryEvent[]): void;
  _eventLoop: EventLoop | null;
}

const HOW_TO_GET_IT =
  'QUIC on Node, and on Deno where listeners ask for client certificates, needs the optional package @currentspace/http3: ' +
  'npm install @currentspace/http3@0.9.0 (binaries exist for Linux x64 and arm64 with glibc 2.34 or later, and macOS arm64).';

/** The package is there, and its binary is not for this platform. */
const NO_BINARY = /native binding|prebuild|GLIBC|dlopen|cannot open shared object/iu;

const HOW_TO_PERMIT =
  '--allow-ffi and --allow-read for the folder of the package, --allow-read=/usr/bin/ldd, and --allow-net for the addresses';

/** The library is quiet about how long its own idle timeout may last after ours; ours is to be first. */
const SLACK = 1.5;

/** The library was seen to keep the end of a refused handshake to itself, about once in fifty: then it is asked again. ms. */
const SECOND_ATTEMPT_MS = 1_000;

/** @returns the backend, loading the library on first use; `load` is how. @throws QuicError `NativeLibraryMissing` */
export async function libraryBackend(
  load: () => Promise<Library> = () => import('@currentspace/http3'),
): Promise<NativeBackend> {
  let library: Library;
  try {
    library = await load();
  } catch (cause) {
    throw notPermitted(cause) ?? new QuicError('NativeLibraryMissing', HOW_TO_GET_IT, { cause });
  }
  // Deno shows a CommonJS module as its default export alone.
  const exports = 'connectQuic' in library ? library : (library as { readonly default: Library }).default;
  return {
    name: '@currentspace/http3',
    connect: (options) => connect(exports, options),
    listen: (options) => listen(exports, options),
  };
}

async function connect(library: Library, options: NativeConnectOptions): Promise<NativeSession> {
  if (options.serverCertificateHashes !== undefined) {
    throw new QuicError(
      'Unsupported',
      '@currentspace/http3 does not show the server certificate, so it cannot check its hash',
    );
  }
  const address = await resolveHost(options.hostname);
  options.signal.throwIfAborted();
  return withSecondAttempt(
    (signal) => attemptUntilClear(library, address, { ...options, signal }),
    SECOND_ATTEMPT_MS,
    (session) => session.close(0, ''),
    options.signal,
  );
}

/**
 * Of a handshake that ended by a certificate the library does not say whose it was, but by whether it was done here before. Where the peer refused at
 * once it was seen to leave that out, about once in 25 times: so a client that has shown one asks again before it blames the server.
 */
async function attemptUntilClear(
  library: Library,
  address: string,
  options: NativeConnectOptions,
): Promise<NativeSession> {
  try {
    return await attempt(library, address, options);
  } catch (error) {
    const byCertificate = isQuicError(error, 'CertificateUntrusted', 'CertificateExpired', 'CertificateNameMismatch');
    if (options.cert === undefined || !byCertificate) throw error;
    return await attempt(library, address, options).catch((again: unknown) => {
      throw options.signal.aborted ? error : again;
    });
  }
}

async function attempt(library: Library, address: string, options: NativeConnectOptions): Promise<NativeSession> {
  const client = starting(() =>
    library.connectQuic(
      { address, port: options.port, servername: options.serverName },
      {
        runtimeMode: 'portable',
        alpn: [...options.alpn],
        ...(options.ca === undefined ? {} : { ca: options.ca }),
        ...(options.cert === undefined ? {} : { cert: options.cert }),
        ...(options.key === undefined ? {} : { key: options.key }),
        enableDatagrams: true,
        allow0RTT: false,
        connectTimeoutMs: 0, // the caller's signal is the deadline
        maxIdleTimeoutMs: Math.ceil(options.idleTimeoutMs * SLACK),
        initialMaxStreamsBidi: options.maxStreams.bidirectional,
      },
    ),
  );
  const session = new LibrarySession(clientConnection(client), {
    side: 'client',
    alpn: options.alpn[0] ?? '',
    remoteAddress: { hostname: address, port: options.port },
    peerCertificates: [],
  });
  let refusal: QuicError | undefined;
  take(client, (event) => {
    if (event.eventType === LIBRARY_EVENT.sessionClose && !client.handshakeComplete) refusal ??= refusalOf(event);
    session.handle(event);
  });
  // What it says is also said by ready() or by a close event.
  client.on('error', () => undefined);
  client.on('close', () => session.portClosed());
  try {
    await untilAborted(client.ready(), options.signal);
    return session;
  } catch (error) {
    client.close().catch(() => undefined); // nobody waits for it
    options.signal.throwIfAborted();
    throw refusal ?? connectFailure(error);
  }
}

async function listen(library: Library, options: NativeListenOptions): Promise<NativeListener> {
  if (options.clientAuth === 'require' && options.ca === undefined) {
    throw new QuicError('InvalidArgument', 'client certificates cannot be required without tls.ca');
  }
  const server = starting(() =>
    library.createQuicServer({
      runtimeMode: 'portable',
      alpn: [...options.alpn],
      cert: options.cert,
      key: options.key,
      ...(options.clientAuth === 'require' && options.ca !== undefined
        ? { ca: options.ca, clientAuth: 'require' as const }
        : { clientAuth: 'none' as const }),
      enableDatagrams: true,
      // A client shows first that it receives what is sent to its address (RFC 9000 section 8.1.2): others hold nothing here.
      disableRetry: false,
      maxIdleTimeoutMs: Math.ceil(options.idleTimeoutMs * SLACK),
      initialMaxStreamsBidi: options.maxStreams.bidirectional,
      maxConnections: options.maxSessions,
    }),
  );
  const listener = new LibraryListener(server, options.alpn[0] ?? '');
  await listener.bind(options);
  return listener;
}

class LibraryListener implements NativeListener {
  #address: PeerAddress = { hostname: '', port: 0 };
  readonly #server: QuicServer;
  readonly #alpn: string;
  readonly #arrived = new Mailbox<NativeSession>();
  readonly #sessions = new Map<number, LibrarySession>();
  #closing: Promise<void> | undefined;

  constructor(server: QuicServer, alpn: string) {
    this.#server = server;
    this.#alpn = alpn;
    take(server, (event) => {
      this.#sessions.get(event.connHandle)?.handle(event);
      if (event.eventType === LIBRARY_EVENT.sessionClose) this.#sessions.delete(event.connHandle);
    });
    server.on('session', (session: QuicServerSession) => this.#add(session));
    // Of connections that never came to be: scanners, broken packets.
    server.on('error', () => undefined);
  }

  get address(): PeerAddress {
    return this.#address;
  }

  async bind(options: NativeListenOptions): Promise<void> {
    try {
      const hostname = await resolveHost(options.hostname);
      const bound = await this.#server.listen(options.port, hostname);
      this.#address = { hostname: bound.address, port: bound.port };
    } catch (error) {
      if (isQuicError(error)) throw error;
      // Its binary is loaded on first use.
      const denied = notPermitted(error);
      if (denied !== undefined) throw denied;
      if (NO_BINARY.test(messageOf(error)))
        throw new QuicError('NativeLibraryMissing', HOW_TO_GET_IT, { cause: error });
      const at = `${options.hostname} port ${options.port}`;
      throw new QuicError('ListenFailed', `cannot listen on ${at}: ${messageOf(error)}`, { cause: error });
    }
  }

  accept(): Promise<NativeSession | undefined> {
    return this.#arrived.take();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #add(session: QuicServerSession): void {
    session.on('error', () => undefined); // its close says the same
    const native = new LibrarySession(serverConnection(this.#server, session), {
      side: 'server',
      alpn: this.#alpn,
      remoteAddress: { hostname: session.remoteAddress, port: session.remotePort },
      peerCertificates: chainOf(session),
    });
    this.#sessions.set(session.connHandle, native);
    this.#arrived.push(native);
  }

  async #close(): Promise<void> {
    this.#arrived.end();
    for (const session of this.#sessions.values()) session.close(0, '');
    // The worker sends what the sessions said before it goes: its queue is in order.
    await this.#server.close();
    for (const session of this.#sessions.values()) session.portClosed();
    this.#sessions.clear();
  }
}

/** A certificate that TLS takes and the platform cannot read is as none, which a listener that requires one refuses in its hello. */
function chainOf(session: Pick<QuicServerSession, 'getPeerCertificateChain'>): readonly Uint8Array[] {
  try {
    return session.getPeerCertificateChain().map((certificate) => new Uint8Array(certificate.raw));
  } catch {
    return [];
  }
}

/** Takes the library's events first; it still hears of connections, whose books it keeps. */
function take(source: QuicClientSession | QuicServer, handle: (event: LibraryEvent) => void): void {
  const dispatching = source as unknown as Dispatching;
  const original = dispatching._dispatchEvents.bind(source);
  dispatching._dispatchEvents = (events) => {
    for (const event of events) {
      const begins =
        event.eventType === LIBRARY_EVENT.newSession || event.eventType === LIBRARY_EVENT.handshakeComplete;
      if (begins) original([event]);
      handle(event);
      if (event.eventType === LIBRARY_EVENT.sessionClose) original([event]);
    }
  };
}

function clientConnection(client: QuicClientSession): LibraryConnection {
  const loop = (): EventLoop | null => (client as unknown as Dispatching)._eventLoop;
  return {
    send: (id, bytes, fin) => loop()?.streamSend(id, asBuffer(bytes), fin) ?? 0,
    closeStream: (id, code) => loop()?.streamClose(id, code),
    openBidirectional: () => {
      try {
        return loop()?.openStream?.();
      } catch (error) {
        if (/StreamLimit/u.test(messageOf(error))) return undefined;
        throw new QuicError('ConnectionLost', `no stream could be opened: ${messageOf(error)}`, { cause: error });
      }
    },
    sendDatagram: (bytes) => client.sendDatagram(bytes),
    ping: () => void client.ping(),
    close: (code, reason) => client.close(code, reason),
  };
}

function serverConnection(server: QuicServer, session: QuicServerSession): LibraryConnection {
  const handle = session.connHandle;
  const loop = (): EventLoop | null => (server as unknown as Dispatching)._eventLoop;
  return {
    send: (id, bytes, fin) => loop()?.streamSend(handle, id, asBuffer(bytes), fin) ?? 0,
    closeStream: (id, code) => loop()?.streamClose(handle, id, code),
    openBidirectional: undefined,
    sendDatagram: (bytes) => session.sendDatagram(bytes),
    ping: () => void session.ping(),
    close: async (code, reason) => session.close(code, reason),
  };
}

/** Before the handshake is done it is this side that judges, or the peer that has no protocol in common. */
function refusalOf(event: LibraryEvent): QuicError {
  const code = event.meta?.errorCode ?? 0;
  const reason = event.meta?.errorReason ?? '';
  if (code >= 0x100 && code <= 0x1ff) return tlsFailure(code - 0x100, 'this side', reason);
  return new QuicError('ConnectFailed', `the connection was closed in its handshake: ${reason === '' ? code : reason}`);
}

function connectFailure(error: unknown): QuicError {
  const message = messageOf(error);
  if (NO_BINARY.test(message)) return new QuicError('NativeLibraryMissing', HOW_TO_GET_IT, { cause: error });
  const invalid = /certificate|private key|PEM/iu.test(message);
  return new QuicError(invalid ? 'InvalidArgument' : 'ConnectFailed', message, { cause: error });
}

/** What Deno says where it was not given a permission, as ours; undefined for anything else. */
function notPermitted(cause: unknown): QuicError | undefined {
  if (!(cause instanceof Error) || cause.name !== 'NotCapable') return undefined;
  const reason = `Deno does not let @currentspace/http3 be loaded (${cause.message}): ${HOW_TO_PERMIT}`;
  return new QuicError('Unsupported', reason, { cause });
}

/** Runs what validates options, and makes its complaint ours. */
function starting<T>(start: () => T): T {
  try {
    return start();
  } catch (error) {
    // Its binary is loaded on first use.
    const denied = notPermitted(error);
    if (denied !== undefined) throw denied;
    if (NO_BINARY.test(messageOf(error))) throw new QuicError('NativeLibraryMissing', HOW_TO_GET_IT, { cause: error });
    throw new QuicError('InvalidArgument', messageOf(error), { cause: error });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
