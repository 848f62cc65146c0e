import { isIPv6 } from 'node:net';
import { QuicError } from '../errors.js';
import type { PeerAddress } from '../session.js';
import { untilAborted } from './cancellation.js';
import { failureOf, messageOf } from './deno-failure.js';
import { type DenoConnection, DenoSession } from './deno-session.js';
import { Mailbox } from './mailbox.js';
import type {
  NativeBackend,
  NativeConnectOptions,
  NativeListener,
  NativeListenOptions,
  NativeOptions,
  NativeSession,
} from './native-session.js';
import { resolveHost } from './resolve.js';

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
