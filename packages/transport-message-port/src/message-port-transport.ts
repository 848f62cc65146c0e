import type { Runtime } from '@flotilla/runtime';
import type {
  Connection,
  Handshake,
  Listener,
  RemoteIdentity,
  Transport,
  TransportEvent,
  TransportLimits,
  TransportMetrics,
} from '@flotilla/transport';
import {
  ConnectionSet,
  type DialOptions,
  formatAddress,
  invalidConfig,
  type KeepAlive,
  multiplexOptions,
  type MultiplexOptions,
  overloaded,
  parseAddress,
  shutdown,
} from '@flotilla/transport/multiplex';
import type { PortLike } from './port.js';
import { PortMessageSocket } from './port-message-socket.js';
import type { PortListening, PortRendezvous } from './rendezvous.js';

/** Of a message port transport. */
export interface MessagePortTransportOptions {
  readonly runtime: Runtime;
  /** Where names become ports: `hubRendezvous` or `broadcastRendezvous`. Closed with the transport. */
  readonly rendezvous: PortRendezvous;
  readonly limits?: Partial<TransportLimits>;
  /** How a context that vanished is found out (default: asked after 5 s of silence, given up after three more times that). */
  readonly keepAlive?: KeepAlive | 'off';
  /** For logs. */
  readonly observe?: (event: TransportEvent) => void;
}

/** A transport between contexts of one browser, or threads of one process. */
export interface MessagePortTransport extends Transport {
  readonly metrics: Readonly<TransportMetrics>;
}

const KEEP_ALIVE_DEFAULT: KeepAlive = { intervalMs: 5_000, missedMax: 3 };

/**
 * A transport over message ports: scheme `port:`, addresses `port://name`, whose names are those of the rendezvous.
 *
 * @throws {FlotillaError} InvalidConfig
 */
export function messagePortTransport(options: MessagePortTransportOptions): MessagePortTransport {
  return new PortTransport(options.rendezvous, multiplexOptions(options, KEEP_ALIVE_DEFAULT));
}

class PortTransport implements MessagePortTransport {
  readonly schemes: readonly string[] = ['port:'];
  readonly metrics: TransportMetrics;
  readonly #rendezvous: PortRendezvous;
  readonly #options: MultiplexOptions;
  readonly #dialled: ConnectionSet;
  readonly #listeners = new Set<PortListener>();
  #open = true;

  constructor(rendezvous: PortRendezvous, options: MultiplexOptions) {
    this.#rendezvous = rendezvous;
    this.metrics = options.metrics;
    this.#options = options;
    this.#dialled = new ConnectionSet(options);
  }

  async listen(
    address: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const { name, url } = portAddress(address);
    if (!this.#open) throw shutdown(`listening on ${url}`);
    const listener = new PortListener(url, this.#options, options, () => this.#listeners.delete(listener));
    const listening = await this.#rendezvous.listen(name, (port, from) => listener.accept(port, from));
    listener.open(listening);
    this.#listeners.add(listener);
    return listener;
  }

  async dial(address: string, options: DialOptions): Promise<Connection> {
    const { name, url } = portAddress(address);
    return this.#dialled.dial(url, options, async (signal) => {
      const port = await this.#rendezvous.connect(name, signal);
      return new PortMessageSocket(port, identity(url), this.metrics);
    });
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([this.#dialled.close(), ...[...this.#listeners].map((listener) => listener.close())]);
    this.#rendezvous.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

class PortListener implements Listener {
  readonly address: string;
  readonly #options: MultiplexOptions;
  readonly #accepting: { readonly handshake: Handshake; accept(connection: Connection): void };
  readonly #connections: ConnectionSet;
  readonly #closed: () => void;
  #listening: PortListening | undefined;

  constructor(
    address: string,
    options: MultiplexOptions,
    accepting: { readonly handshake: Handshake; accept(connection: Connection): void },
    closed: () => void,
  ) {
    this.address = address;
    this.#options = options;
    this.#accepting = accepting;
    this.#closed = closed;
    this.#connections = new ConnectionSet(options);
  }

  open(listening: PortListening): void {
    this.#listening = listening;
  }

  accept(port: PortLike, from: string): void {
    const { limits, metrics } = this.#options;
    const socket = new PortMessageSocket(port, identity(`port://${from}`), metrics);
    if (this.#connections.size >= limits.connectionsMax) {
      metrics.connectionsRefused++;
      return socket.destroy(overloaded(`connections of ${this.address}`, limits.connectionsMax));
    }
    this.#connections.accept(socket, {
      handshake: this.#accepting.handshake,
      timeoutMs: limits.handshakeTimeoutMs,
      accept: (connection) => this.#accepting.accept(connection),
    });
  }

  close(): Promise<void> {
    this.#listening?.close();
    this.#closed();
    return this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A port joins contexts of one browser or process: it cannot leave this machine. */
function identity(address: string): RemoteIdentity {
  return { address, tls: undefined, loopback: true };
}

/** @throws {FlotillaError} InvalidArgument, InvalidConfig for another scheme or a number behind the name */
function portAddress(text: string): { readonly name: string; readonly url: string } {
  const parsed = parseAddress(text);
  if (parsed.scheme !== 'port:') throw invalidConfig('address', `${text} is not of the form port://name`);
  if (parsed.port !== undefined) throw invalidConfig('address', `${text}: names of ports have no number`);
  return { name: parsed.host, url: formatAddress(parsed) };
}
