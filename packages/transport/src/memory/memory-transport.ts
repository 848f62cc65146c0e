import { FlotillaError } from '@flotilla/errors';
import { formatAddress, parseAddress, type ParsedAddress } from '../address/address.js';
import { ConnectionSet } from '../multiplex/connection-set.js';
import { shutdown } from '../multiplex/errors.js';
import type { MessageSocket } from '../multiplex/message-socket.js';
import type { MultiplexOptions } from '../multiplex/options.js';
import type { TransportMetrics } from '../observe.js';
import type { Connection, Handshake, Listener, Transport } from '../transport.js';
import type { MemoryNode } from './memory-node.js';

/** What a transport needs of the network that it belongs to. */
export interface MemoryNetworkSide {
  /** Claims an address, a port of 0 resolved. @throws {FlotillaError} AddressInUse */
  bind(listener: MemoryListener, address: ParsedAddress): string;
  unbind(address: string): void;
  connect(node: MemoryNode, address: ParsedAddress, signal: AbortSignal): Promise<MessageSocket>;
}

/** Accepts connections of the memory network. */
export class MemoryListener implements Listener {
  readonly node: MemoryNode;
  readonly address: string;
  readonly #network: MemoryNetworkSide;
  readonly #options: MultiplexOptions;
  readonly #accepting: { readonly handshake: Handshake; accept(connection: Connection): void };
  readonly #connections: ConnectionSet;
  readonly #closed: () => void;
  #open = true;

  constructor(
    node: MemoryNode,
    address: ParsedAddress,
    network: MemoryNetworkSide,
    options: MultiplexOptions,
    accepting: { readonly handshake: Handshake; accept(connection: Connection): void },
    closed: (listener: MemoryListener) => void,
  ) {
    this.node = node;
    this.#network = network;
    this.#options = options;
    this.#accepting = accepting;
    this.#connections = new ConnectionSet(options);
    this.#closed = () => closed(this);
    this.address = network.bind(this, address);
  }

  /** The most connections that it takes. */
  get connectionsMax(): number {
    return this.#options.limits.connectionsMax;
  }

  /** Whether it takes one more; counts those that it turns away. */
  admits(): boolean {
    if (this.#connections.size < this.connectionsMax) return true;
    this.#options.metrics.connectionsRefused++;
    return false;
  }

  /** A connection was opened. */
  accept(socket: MessageSocket): void {
    this.#connections.accept(socket, {
      handshake: this.#accepting.handshake,
      timeoutMs: this.#options.limits.handshakeTimeoutMs,
      accept: (connection) => this.#accepting.accept(connection),
    });
  }

  close(): Promise<void> {
    this.#stop();
    return this.#connections.close();
  }

  /** Breaks what it accepted. */
  destroy(error: Error): void {
    this.#stop();
    this.#connections.destroy(error);
  }

  #stop(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#network.unbind(this.address);
    this.#closed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** A node's transport over the memory network, scheme `mem:`. */
export class MemoryTransport implements Transport {
  readonly schemes: readonly string[] = ['mem:'];
  readonly #node: MemoryNode;
  readonly #network: MemoryNetworkSide;
  readonly #options: MultiplexOptions;
  readonly #dialled: ConnectionSet;
  readonly #listeners = new Set<MemoryListener>();
  #open = true;

  /** Not for callers: use `MemoryNetwork.transport`. */
  constructor(node: MemoryNode, network: MemoryNetworkSide, options: MultiplexOptions) {
    this.#node = node;
    this.#network = network;
    this.#options = options;
    this.#dialled = new ConnectionSet(options);
  }

  /** Counters of all its connections. */
  get metrics(): Readonly<TransportMetrics> {
    return this.#options.metrics;
  }

  async listen(
    address: string,
    options: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const parsed = memoryAddress(address);
    if (!this.#open) throw shutdown(`listening on ${address}`);
    if (parsed.host !== this.#node.name) {
      throw new FlotillaError('InvalidConfig', {
        message: `node ${this.#node.name} cannot listen on ${address}, which is another node's`,
        details: { key: 'listen', reason: 'another node' },
      });
    }
    const listener = new MemoryListener(this.#node, parsed, this.#network, this.#options, options, (closed) =>
      this.#listeners.delete(closed),
    );
    this.#listeners.add(listener);
    return listener;
  }

  async dial(
    address: string,
    options: { readonly handshake: Handshake; readonly signal?: AbortSignal },
  ): Promise<Connection> {
    const parsed = memoryAddress(address);
    return this.#dialled.dial(formatAddress(parsed), options, (signal) =>
      this.#network.connect(this.#node, parsed, signal),
    );
  }

  async close(): Promise<void> {
    this.#open = false;
    await Promise.all([this.#dialled.close(), ...[...this.#listeners].map((listener) => listener.close())]);
  }

  /** The end of the process that it stands for: nothing is said to the other sides but what their systems notice. */
  destroy(error: Error): void {
    this.#open = false;
    this.#dialled.destroy(error);
    for (const listener of this.#listeners) listener.destroy(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function memoryAddress(text: string): ParsedAddress {
  const address = parseAddress(text);
  if (address.scheme !== 'mem:') {
    throw new FlotillaError('InvalidConfig', {
      message: `${text} is no address of the memory network; those are mem://node or mem://node:port`,
      details: { key: 'address', reason: 'not mem:' },
    });
  }
  return address;
}
