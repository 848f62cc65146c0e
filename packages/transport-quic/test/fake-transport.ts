import { FlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import {
  type Connection,
  type Handshake,
  type Listener,
  type RemoteIdentity,
  type Transport,
  type TransportEvent,
  transportLimits,
  type TransportLimits,
  transportMetrics,
} from '@flotilla/transport';
import {
  type AcceptOptions,
  ConnectionSet,
  type DialOptions,
  type KeepAlive,
  shutdown,
} from '@flotilla/transport/multiplex';
import { CloseCode } from '../src/close-codes.js';
import { SessionSocket } from '../src/session-socket.js';
import { type FakePair, fakeSessions } from './fake-sessions.js';

interface FakeListener extends Listener {
  readonly connections: ConnectionSet;
  readonly accepting: AcceptOptions;
}

/** Listeners by address, shared by the transports of one test. */
export class FakeNetwork {
  readonly listeners = new Map<string, FakeListener>();
  readonly pairs: FakePair[] = [];
  nextPort = 1;
}

/** The socket of transport-quic over sessions in memory: what the real transport is, without QUIC. */
export class FakeTransport implements Transport {
  readonly schemes = ['fake:'];
  readonly metrics = transportMetrics();
  readonly events: TransportEvent[] = [];
  readonly #network: FakeNetwork;
  readonly #limits: TransportLimits;
  readonly #options;
  readonly #dialled: ConnectionSet;
  readonly #listeners = new Set<Listener>();
  #open = true;

  constructor(network: FakeNetwork, limits: Partial<TransportLimits> = {}, keepAlive?: KeepAlive) {
    this.#network = network;
    this.#limits = transportLimits(limits);
    this.#options = {
      runtime: systemRuntime,
      limits: this.#limits,
      keepAlive,
      metrics: this.metrics,
      observe: (event: TransportEvent) => void this.events.push(event),
    };
    this.#dialled = new ConnectionSet(this.#options);
  }

  async listen(
    text: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const match = /^fake:\/\/127\.0\.0\.1:(\d+)$/.exec(text);
    if (match === null) throw invalid(text);
    if (!this.#open) throw shutdown(`listening on ${text}`);
    const port = Number(match[1]) === 0 ? this.#network.nextPort++ : Number(match[1]);
    const address = `fake://127.0.0.1:${port}`;
    if (this.#network.listeners.has(address)) {
      throw new FlotillaError('AddressInUse', { message: `${address} is taken`, details: { address } });
    }
    const connections = new ConnectionSet(this.#options);
    const close = async (): Promise<void> => {
      this.#network.listeners.delete(address);
      await connections.close();
    };
    const listener: FakeListener = {
      address,
      connections,
      accepting: {
        ...options,
        accept: (connection) => options.accept(connection),
        timeoutMs: this.#limits.handshakeTimeoutMs,
      },
      close,
      [Symbol.asyncDispose]: close,
    };
    this.#network.listeners.set(address, listener);
    this.#listeners.add(listener);
    return listener;
  }

  /** The listener's end of a new connection, or none if it is full. */
  acceptSession(pair: FakePair, listener: FakeListener): void {
    if (listener.connections.size >= this.#limits.connectionsMax) {
      pair.accepted.close({ closeCode: CloseCode.FULL });
      return;
    }
    listener.connections.accept(this.#socket(pair, 'accepted', 'fake://127.0.0.1:9'), listener.accepting);
  }

  #socket(pair: FakePair, side: 'dialled' | 'accepted', address: string): SessionSocket {
    const remote: RemoteIdentity = { address, tls: undefined, loopback: true };
    return new SessionSocket(pair[side], { side, remote, runtime: systemRuntime, metrics: this.metrics });
  }

  async dial(text: string, options: DialOptions): Promise<Connection> {
    if (!/^fake:\/\/127\.0\.0\.1:\d+$/.test(text)) throw invalid(text);
    return this.#dialled.dial(text, options, async () => {
      const pair = this.connect(text);
      return this.#socket(pair, 'dialled', text);
    });
  }

  /** Connects without a handshake. */
  connect(address: string): FakePair {
    const pair = fakeSessions();
    this.#network.pairs.push(pair);
    if (address.endsWith(':7')) return pair; // It never says a word.
    const listener = this.#network.listeners.get(address);
    if (listener === undefined) {
      throw new FlotillaError('Unreachable', { message: `nobody at ${address}`, details: { address } });
    }
    this.acceptSession(pair, listener);
    return pair;
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([this.#dialled.close(), ...[...this.#listeners].map((listener) => listener.close())]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function invalid(text: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `${text} is no address`,
    details: { argument: 'address', reason: 'not of the form' },
  });
}
