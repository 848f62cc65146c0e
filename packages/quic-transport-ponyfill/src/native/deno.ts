import { isIPv6 } from 'node:net';
import { isQuicError, QuicError } from '../errors.js';
import type { PeerAddress } from '../session.js';
import { untilAborted } from './cancellation.js';
import { Mailbox } from './mailbox.js';
import type {
  NativeBackend,
  NativeClose,
  NativeConnectOptions,
  NativeDirection,
  NativeListener,
  NativeListenOptions,
  NativeOptions,
  NativeSession,
  NativeStream,
} from './native-session.js';
import { resolveHost } from './resolve.js';
import { tlsFailure } from './tls-failure.js';

interface DenoSendStream extends WritableStream<Uint8Array> {
  readonly id: bigint;
}

interface DenoReceiveStream extends ReadableStream<Uint8Array> {
  readonly id: bigint;
}

interface DenoBidirectionalStream {
  readonly readable: DenoReceiveStream;
  readonly writable: DenoSendStream;
}

interface DenoConnection {
  close(info: { readonly closeCode: number; readonly reason: string }): void;
  createBidirectionalStream(options: { readonly waitUntilAvailable: boolean }): Promise<DenoBidirectionalStream>;
  createUnidirectionalStream(options: { readonly waitUntilAvailable: boolean }): Promise<DenoSendStream>;
  sendDatagram(bytes: Uint8Array): Promise<void>;
  readDatagram(): Promise<Uint8Array>;
  readonly maxDatagramSize: number;
  readonly closed: Promise<{ readonly closeCode: number; readonly reason: string }>;
  readonly incomingBidirectionalStreams: ReadableStream<DenoBidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<DenoReceiveStream>;
  readonly protocol: string | undefined;
  readonly remoteAddr: PeerAddress;
}

interface DenoIncoming {
  accept(options: Readonly<Record<string, unknown>>): Promise<DenoConnection>;
  refuse(): void;
}

interface DenoEndpoint {
  readonly addr: PeerAddress;
  listen(options: Readonly<Record<string, unknown>>): DenoQuicListener;
}

interface DenoQuicListener {
  incoming(): Promise<DenoIncoming>;
  stop(): void;
}

/**
 * The endpoints from which this process dials, by local address. One for all: Deno frees the socket of an endpoint only when it
 * becomes garbage, so that one for each attempt would pile up.
 */
const dialling = new Map<string, DenoEndpoint>();

/** Endpoints whose listeners were closed, by address: until they become garbage their ports can only be had by using them again. */
const parked = new Map<string, WeakRef<DenoEndpoint>>();

/** What of Deno is used; all of it unstable, behind `--unstable-net`. */
interface DenoQuic {
  readonly QuicEndpoint?: new (options: { readonly hostname: string; readonly port: number }) => DenoEndpoint;
  connectQuic?(options: Readonly<Record<string, unknown>>): Promise<DenoConnection>;
}

/** Deno's own timeouts come after ours. */
const SLACK = 1.5;

/** @returns Deno's own QUIC. @throws QuicError `Unsupported` where there is none */
export function denoBackend(): NativeBackend {
  const deno = (globalThis as unknown as { readonly Deno?: DenoQuic }).Deno;
  const { QuicEndpoint, connectQuic } = deno ?? {};
  if (QuicEndpoint === undefined || connectQuic === undefined) {
    throw new QuicError('Unsupported', 'Deno has QUIC only with --unstable-net (or "unstable": ["net"] in deno.json)');
  }
  return {
    name: 'Deno',
    connect: (options) => connect(QuicEndpoint, connectQuic, options),
    listen: (options) => listen(QuicEndpoint, options),
  };
}

async function connect(
  Endpoint: NonNullable<DenoQuic['QuicEndpoint']>,
  connectQuic: NonNullable<DenoQuic['connectQuic']>,
  options: NativeConnectOptions,
): Promise<NativeSession> {
  const address = await resolveHost(options.hostname);
  options.signal.throwIfAborted();
  const local = localAddressFor(address);
  const endpoint = dialling.get(local) ?? new Endpoint({ hostname: local, port: 0 });
  dialling.set(local, endpoint);
  const attempt = connectQuic({
    endpoint,
    hostname: address,
    port: options.port,
    serverName: options.serverName,
    ...(options.ca === undefined ? {} : { caCerts: [options.ca] }),
    ...(options.cert === undefined ? {} : { cert: options.cert, key: options.key }),
    ...(options.serverCertificateHashes === undefined
      ? {}
      : { serverCertificateHashes: options.serverCertificateHashes.map((value) => ({ algorithm: 'sha-256', value })) }),
    ...common(options),
  });
  try {
    const connection = await untilAborted(attempt, options.signal);
    return new DenoSession(connection, 'client', options.alpn[0] ?? '');
  } catch (error) {
    // An attempt cannot be given up: if it succeeds after all, nobody wants it.
    attempt.then(
      (connection) => connection.close({ closeCode: 0, reason: '' }),
      () => undefined,
    );
    options.signal.throwIfAborted();
    throw failureOf(error);
  }
}

async function listen(
  Endpoint: NonNullable<DenoQuic['QuicEndpoint']>,
  options: NativeListenOptions,
): Promise<NativeListener> {
  if (options.clientAuth === 'require') {
    throw new QuicError('Unsupported', "Deno's own QUIC cannot ask for client certificates; @currentspace/http3 can");
  }
  const hostname = await resolveHost(options.hostname);
  try {
    const endpoint = takeParked(hostname, options.port) ?? new Endpoint({ hostname, port: options.port });
    const { cert, key } = options;
    return new DenoListener(endpoint, { cert, key, ...common(options) }, options);
  } catch (error) {
    const at = `${options.hostname} port ${options.port}`;
    throw new QuicError('ListenFailed', `cannot listen on ${at}: ${messageOf(error)}`, { cause: error });
  }
}

function takeParked(hostname: string, port: number): DenoEndpoint | undefined {
  const name = `${hostname} ${port}`;
  const endpoint = parked.get(name)?.deref();
  parked.delete(name);
  return endpoint;
}

/** Loopback is bound for loopback alone, so that permission for it is enough. */
function localAddressFor(address: string): string {
  if (address === '::1' || address.startsWith('127.')) return address;
  return isIPv6(address) ? '::' : '0.0.0.0';
}

function common(options: NativeOptions): Readonly<Record<string, unknown>> {
  return {
    alpnProtocols: [...options.alpn],
    maxIdleTimeout: Math.ceil(options.idleTimeoutMs * SLACK),
    keepAliveInterval: Math.ceil(options.idleTimeoutMs / 3),
    maxConcurrentBidirectionalStreams: options.maxStreams.bidirectional,
    maxConcurrentUnidirectionalStreams: options.maxStreams.unidirectional,
  };
}

class DenoListener implements NativeListener {
  readonly address: PeerAddress;
  readonly #endpoint: DenoEndpoint;
  readonly #listener: DenoQuicListener;
  readonly #maxSessions: number;
  readonly #alpn: string;
  readonly #arrived = new Mailbox<NativeSession>();
  readonly #sessions = new Set<DenoSession>();
  /** Handshakes under way. */
  #pending = 0;
  #closed = false;

  constructor(
    endpoint: DenoEndpoint,
    transport: Readonly<Record<string, unknown>>,
    options: Pick<NativeListenOptions, 'maxSessions' | 'alpn'>,
  ) {
    this.#endpoint = endpoint;
    this.#maxSessions = options.maxSessions;
    this.#alpn = options.alpn[0] ?? '';
    const { hostname, port } = endpoint.addr;
    this.address = { hostname, port };
    this.#listener = endpoint.listen(transport);
    this.#serve(transport).catch(() => this.#arrived.end()); // it was closed
  }

  accept(): Promise<NativeSession | undefined> {
    return this.#arrived.take();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#arrived.end();
    this.#listener.stop();
    const sessions = [...this.#sessions];
    for (const session of sessions) session.close(0, '');
    await Promise.all(sessions.map((session) => session.closed));
    parked.set(`${this.address.hostname} ${this.address.port}`, new WeakRef(this.#endpoint));
  }

  async #serve(transport: Readonly<Record<string, unknown>>): Promise<void> {
    while (!this.#closed) {
      const incoming = await this.#listener.incoming();
      if (this.#sessions.size + this.#pending >= this.#maxSessions) {
        incoming.refuse();
        continue;
      }
      this.#pending++;
      // A handshake that fails is the client's to hear of; it does not hold up the others.
      this.#admit(incoming, transport).catch(() => undefined);
    }
  }

  async #admit(incoming: DenoIncoming, transport: Readonly<Record<string, unknown>>): Promise<void> {
    try {
      const session = new DenoSession(await incoming.accept(transport), 'server', this.#alpn);
      if (this.#closed) {
        session.close(0, '');
        return;
      }
      this.#sessions.add(session);
      session.closed.then(
        () => this.#sessions.delete(session),
        () => undefined, // it never rejects
      );
      this.#arrived.push(session);
    } finally {
      this.#pending--;
    }
  }
}

class DenoSession implements NativeSession {
  readonly alpn: string;
  readonly remoteAddress: PeerAddress;
  readonly peerCertificates: readonly Uint8Array[] = [];
  readonly closed: Promise<NativeClose>;
  readonly #connection: DenoConnection;
  readonly #bidirectional: ReadableStreamDefaultReader<DenoBidirectionalStream>;
  readonly #unidirectional: ReadableStreamDefaultReader<DenoReceiveStream>;
  /** A stream that becomes garbage is closed by Deno, so all are held until both sides ended. */
  readonly #streams = new Set<DenoStream>();
  #local: NativeClose | undefined;
  #over = false;

  constructor(connection: DenoConnection, side: 'client' | 'server', alpn: string) {
    this.#connection = connection;
    this.alpn = connection.protocol ?? alpn;
    const { hostname, port } = connection.remoteAddr;
    this.remoteAddress = { hostname, port };
    this.#bidirectional = connection.incomingBidirectionalStreams.getReader();
    this.#unidirectional = connection.incomingUnidirectionalStreams.getReader();
    const refuser = side === 'client' ? 'the peer' : 'this side';
    this.closed = connection.closed.then(
      ({ closeCode, reason }) => this.#ended({ by: 'peer', code: closeCode, reason }),
      (error: unknown) => this.#ended(closeOf(error, refuser)),
    );
  }

  get maxDatagramSize(): number {
    return this.#over ? 0 : this.#connection.maxDatagramSize;
  }

  async openBidirectional(): Promise<NativeStream> {
    const opening = this.#connection.createBidirectionalStream({ waitUntilAvailable: true });
    const { readable, writable } = await opening.catch((error: unknown) => Promise.reject(sessionError(error)));
    return this.#hold(readable, writable);
  }

  async openUnidirectional(): Promise<NativeStream> {
    const opening = this.#connection.createUnidirectionalStream({ waitUntilAvailable: true });
    return this.#hold(undefined, await opening.catch((error: unknown) => Promise.reject(sessionError(error))));
  }

  async acceptBidirectional(): Promise<NativeStream | undefined> {
    const stream = await next(this.#bidirectional);
    return stream === undefined ? undefined : this.#hold(stream.readable, stream.writable);
  }

  async acceptUnidirectional(): Promise<NativeStream | undefined> {
    const stream = await next(this.#unidirectional);
    return stream === undefined ? undefined : this.#hold(stream, undefined);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#over || bytes.length > this.#connection.maxDatagramSize) return false;
    this.#connection.sendDatagram(bytes).catch(() => undefined); // datagrams may be lost
    return true;
  }

  async receiveDatagram(): Promise<Uint8Array | undefined> {
    try {
      return await this.#connection.readDatagram();
    } catch {
      return undefined; // only the end of the connection rejects it
    }
  }

  /** Deno pings by itself (`keepAliveInterval`). */
  ping(): void {
    return;
  }

  close(code: number, reason: string): void {
    if (this.#over || this.#local !== undefined) return;
    this.#local = { by: 'local', code, reason };
    this.#connection.close({ closeCode: code, reason });
  }

  #hold(readable: DenoReceiveStream | undefined, writable: DenoSendStream | undefined): DenoStream {
    const stream: DenoStream = new DenoStream(readable, writable, () => this.#streams.delete(stream));
    this.#streams.add(stream);
    return stream;
  }

  #ended(end: NativeClose): NativeClose {
    this.#over = true;
    this.#streams.clear();
    return this.#local ?? end;
  }
}

class DenoStream implements NativeStream {
  readonly id: number;
  readonly direction: NativeDirection;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  /** Both kept alive with it, as reader and writer alone do not. */
  readonly #readable: DenoReceiveStream | undefined;
  readonly #writable: DenoSendStream | undefined;
  readonly #onOver: () => void;
  #readOver: boolean;
  #writeOver: boolean;

  constructor(readable: DenoReceiveStream | undefined, writable: DenoSendStream | undefined, onOver: () => void) {
    this.#readable = readable;
    this.#writable = writable;
    this.#reader = readable?.getReader();
    this.#writer = writable?.getWriter();
    // Failures are told where somebody reads or writes.
    this.#reader?.closed.catch(() => undefined);
    this.#writer?.closed.catch(() => undefined);
    this.#onOver = onOver;
    this.#readOver = readable === undefined;
    this.#writeOver = writable === undefined;
    this.id = Number(this.#readable?.id ?? this.#writable?.id ?? 0);
    this.direction = writable === undefined ? 'incoming' : readable === undefined ? 'outgoing' : 'bidirectional';
  }

  async write(bytes: Uint8Array, fin: boolean): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined || this.#writeOver) {
      throw new QuicError('SessionClosed', 'this side of the stream has ended', { source: 'stream' });
    }
    try {
      if (bytes.length > 0) await writer.write(bytes);
      if (fin) await writer.close();
    } catch (error) {
      this.#endWrites();
      throw streamError(error);
    }
    if (fin) this.#endWrites();
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#reader === undefined) return undefined;
    try {
      const { done, value } = await this.#reader.read();
      if (!done) return value;
      this.#endReads();
      return undefined;
    } catch (error) {
      this.#endReads();
      throw streamError(error);
    }
  }

  /** Deno sends FIN for it, and no code: what is above must frame its data. */
  reset(): void {
    if (this.#writeOver) return;
    this.#writer?.abort().catch(() => undefined); // it may have ended meanwhile
    this.#endWrites();
  }

  /** Deno sends code 0. */
  stop(): void {
    if (this.#readOver) return;
    this.#reader?.cancel().catch(() => undefined); // it may have ended meanwhile
    this.#endReads();
  }

  #endReads(): void {
    this.#readOver = true;
    if (this.#writeOver) this.#onOver();
  }

  #endWrites(): void {
    this.#writeOver = true;
    if (this.#readOver) this.#onOver();
  }
}

async function next<T>(reader: ReadableStreamDefaultReader<T>): Promise<T | undefined> {
  try {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  } catch {
    return undefined; // only the end of the connection errors it, and `closed` says how that was
  }
}

/** What Deno says of a stream's failure is text: "stream reset by peer: error 55", "sending stopped by peer: error 55". */
function streamError(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  const message = messageOf(error);
  const [, kind, code] = /(reset|stopped) by peer: error (\d+)/u.exec(message) ?? [];
  if (kind === undefined) return sessionError(error);
  return new QuicError(kind === 'reset' ? 'StreamReset' : 'StreamStopped', message, {
    source: 'stream',
    streamErrorCode: Number(code),
    cause: error,
  });
}

function sessionError(error: unknown): QuicError {
  return new QuicError('SessionClosed', `the connection has ended: ${messageOf(error)}`, { cause: error });
}

/** "aborted by peer: the cryptographic handshake failed: error 48", "timed out", "closed by peer: reason (code 7)". */
function closeOf(error: unknown, refuser: 'this side' | 'the peer'): NativeClose {
  const message = messageOf(error);
  if (/timed out/u.test(message)) {
    const cause = new QuicError('IdleTimeout', 'nothing came from the peer for too long');
    return { by: 'timeout', code: 0, reason: message, error: cause };
  }
  const failure = handshakeFailure(message, refuser);
  return {
    by: 'error',
    code: 0,
    reason: message,
    error: failure ?? new QuicError('ConnectionLost', `the connection failed: ${message}`, { cause: error }),
  };
}

function failureOf(error: unknown): QuicError {
  if (isQuicError(error)) return error;
  const message = messageOf(error);
  const refuser = message.startsWith('aborted by peer') ? 'the peer' : 'this side';
  return handshakeFailure(message, refuser) ?? connectFailure(message, error);
}

function connectFailure(message: string, cause: unknown): QuicError {
  const code =
    cause instanceof TypeError || /certificate|private key|PEM/iu.test(message) ? 'InvalidArgument' : 'ConnectFailed';
  return new QuicError(code, message, { cause });
}

function handshakeFailure(message: string, refuser: 'this side' | 'the peer'): QuicError | undefined {
  const [, alert, detail] = /cryptographic handshake failed: error (\d+)(?:: (.*))?/su.exec(message) ?? [];
  if (alert === undefined) return undefined;
  return tlsFailure(Number(alert), refuser, detail ?? '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
