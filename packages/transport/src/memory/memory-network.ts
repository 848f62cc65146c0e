import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { Prng } from '@flotilla/runtime/virtual';
import { formatAddress, parseAddress, type ParsedAddress } from '../address/address.js';
import { transportLimits } from '../limits.js';
import { abortError, overloaded } from '../multiplex/errors.js';
import type { MessageSocket } from '../multiplex/message-socket.js';
import { transportMetrics } from '../observe.js';
import type { TransportLimits } from '../transport.js';
import type { Delay } from './delay.js';
import type { InjectedFaults, NetworkEffect } from './injected-faults.js';
import { LinkTable } from './link-table.js';
import type { Link, LinkLoss } from './link.js';
import type { MemoryNetworkOptions, MemoryTransportOptions } from './memory-network-options.js';
import { MemoryNode } from './memory-node.js';
import { MemorySocket } from './memory-socket.js';
import { type MemoryListener, type MemoryNetworkSide, MemoryTransport } from './memory-transport.js';
import { NetworkCarrier } from './network-carrier.js';

/**
 * A network in memory, for tests, simulations and demonstrations. Connections behave as TCP's do: in order, with
 * back-pressure, and after a lost byte they break; what may happen to them is set for each directed link.
 *
 * Deterministic under a virtual runtime: what arrives when is a function of the seed, and arrivals are in the order of
 * (time, source, sequence).
 */
export class MemoryNetwork {
  readonly #runtime: Runtime;
  readonly #limits: Partial<TransportLimits>;
  readonly #links: LinkTable;
  readonly #carrier: NetworkCarrier;
  readonly #transports = new Map<string, Set<MemoryTransport>>();
  readonly #listeners = new Map<string, MemoryListener>();
  #nextPort = 1;
  readonly #injected: InjectedFaults = { lost: 0, held: 0, stalled: 0, broken: 0, crashed: 0, throttled: 0 };
  /**
   * Told, in the middle of it, what a fault did to something that went from one node to another; of a crash both are the node. May be replaced
   * at any time.
   */
  onInjected: ((effect: NetworkEffect, from: string, to: string) => void) | undefined;

  constructor(options: MemoryNetworkOptions) {
    this.#runtime = options.runtime;
    this.#links = new LinkTable(new Prng(options.seed ?? options.runtime.random()), options.latency ?? 0);
    this.#limits = options.limits ?? {};
    this.#carrier = new NetworkCarrier(this.#runtime, (effect, from, to) => this.#inject(effect, from, to));
  }

  /** What was injected so far. */
  get injected(): Readonly<InjectedFaults> {
    return this.#injected;
  }

  /**
   * A transport for a node, scheme `mem:`. It listens on `mem://<node>` and `mem://<node>:<port>`. A node that was
   * crashed is up again with its next transport.
   *
   * @throws {FlotillaError} InvalidArgument for a name that is no host name; InvalidConfig for limits
   */
  transport(node: string, options: MemoryTransportOptions = {}): MemoryTransport {
    const name = nodeName(node);
    const runtime = options.runtime ?? this.#runtime;
    const side = new MemoryNode(name, runtime, runtime === this.#runtime, options.tls);
    if (this.#carrier.powerOn(name)) {
      for (const link of this.#links.all()) if (link.to === name) this.#carrier.breakLossy(link);
    }
    const transport = new MemoryTransport(side, this.#side, {
      runtime,
      limits: transportLimits({ ...this.#limits, ...options.limits }),
      keepAlive: options.keepAlive,
      metrics: transportMetrics(),
      observe: options.observe ?? ((): void => {}),
    });
    const transports = this.#transports.get(name) ?? new Set();
    transports.add(transport);
    this.#transports.set(name, transports);
    return transport;
  }

  /**
   * Connects without a handshake, for what no honest peer does: the bytes of a message are the caller's.
   *
   * @throws {FlotillaError} InvalidArgument, Unreachable, Overloaded
   */
  connectRaw(from: string, address: string): Promise<MessageSocket> {
    const node = new MemoryNode(nodeName(from), this.#runtime, true, undefined);
    return this.#connect(node, parseAddress(address), new AbortController().signal);
  }

  // Faults

  /** Sets the latency of all links, or of one; undefined gives a link back what all have. */
  setLatency(latency: Delay, from?: undefined, to?: undefined): void;
  setLatency(latency: Delay | undefined, from: string, to: string): void;
  setLatency(latency: Delay | undefined, from?: string, to?: string): void {
    if (from !== undefined && to !== undefined) {
      this.#link(from, to).latency = latency ?? this.#links.latency;
    } else if (latency !== undefined) {
      this.#links.setLatency(latency);
    }
  }

  /** Sets the bandwidth of all links, or of one, in bytes a second; undefined: without bounds. */
  setBandwidth(bytesPerSecond: number | undefined, from?: string, to?: string): void {
    if (from !== undefined && to !== undefined) {
      this.#link(from, to).bytesPerSecond = bytesPerSecond;
    } else {
      this.#links.setBandwidth(bytesPerSecond);
    }
  }

  /** Sets what one link does to each message: stalls, and breaks. */
  setLoss(loss: LinkLoss, from: string, to: string): void {
    this.#link(from, to).loss = loss;
  }

  /**
   * Cuts one direction: what is sent that way, or is on that way, is lost without a word to the sender. New dials, which
   * need both ways, time out. A connection that lost something breaks when the link heals, and not before.
   */
  cut(from: string, to: string): void {
    this.#link(from, to).cut = true;
  }

  /** Ends a cut. Connections that lost something break now. */
  heal(from: string, to: string): void {
    this.#carrier.heal(this.#link(from, to));
  }

  /** Holds up what arrives on one direction; nothing is lost. */
  clog(from: string, to: string): void {
    this.#link(from, to).clogged = true;
  }

  /** Lets go at once all that was held up. */
  release(from: string, to: string): void {
    this.#carrier.release(this.#link(from, to));
  }

  /** Cuts both directions between two nodes. */
  disconnect(a: string, b: string): void {
    this.cut(a, b);
    this.cut(b, a);
  }

  /** Heals both directions between two nodes. */
  reconnect(a: string, b: string): void {
    this.heal(a, b);
    this.heal(b, a);
  }

  /** Cuts both directions between nodes of different groups. Nodes in no group keep their links. */
  partition(groups: readonly (readonly string[])[]): void {
    for (const [position, group] of groups.entries()) {
      for (const other of groups.slice(position + 1).flat()) {
        for (const node of group) this.disconnect(node, other);
      }
    }
  }

  /** Cuts a node off from all others, those included that join the network later. */
  isolate(node: string): void {
    this.#links.isolate(nodeName(node));
  }

  /** Ends an isolation: all links of the node heal. */
  rejoin(node: string): void {
    const name = nodeName(node);
    this.#links.endIsolation(name);
    for (const link of this.#links.of(name)) this.#carrier.heal(link);
  }

  /** Heals and releases all links. Latencies, bandwidths and losses stay, and crashed nodes stay down. */
  restore(): void {
    this.#links.endIsolations();
    for (const link of this.#links.all()) {
      this.#carrier.heal(link);
      this.#carrier.release(link);
    }
  }

  /**
   * Breaks all connections between two nodes. `dropped`: both sides learn it now, and nothing more arrives. `delivered`:
   * the dialling side learns it now, the other side only after what was on its way, so that this may come later than what
   * is sent on a new connection: frames in another order, and twice where the sender repeats itself.
   */
  breakConnections(a: string, b: string, options: { readonly inFlight?: 'dropped' | 'delivered' } = {}): void {
    this.#carrier.breakBetween(nodeName(a), nodeName(b), options.inFlight ?? 'dropped');
  }

  /**
   * Ends all transports of a node at once. `reset`: its process died, and its system says so to the other sides.
   * `silence`: its power is gone: the other sides learn nothing, dials time out, and old connections are found out only
   * by traffic after the node is up again.
   */
  crash(node: string, options: { readonly peers?: 'reset' | 'silence' } = {}): void {
    const name = nodeName(node);
    this.#inject('crashed', name, name);
    if (options.peers === 'silence') this.#carrier.powerOff(name);
    const error = new FlotillaError('Shutdown', { message: `node ${name} crashed`, details: {} });
    for (const transport of this.#transports.get(name) ?? []) transport.destroy(error);
    this.#transports.delete(name);
  }

  #inject(effect: NetworkEffect, from: string, to: string): void {
    this.#injected[effect]++;
    this.onInjected?.(effect, from, to);
  }

  #link(from: string, to: string): Link {
    return this.#links.link(nodeName(from), nodeName(to));
  }

  // What transports ask for

  readonly #side: MemoryNetworkSide = {
    bind: (listener, address) => this.#bind(listener, address),
    unbind: (address) => {
      this.#listeners.delete(address);
    },
    connect: (node, address, signal) => this.#connect(node, address, signal),
  };

  #bind(listener: MemoryListener, address: ParsedAddress): string {
    let bound = formatAddress(address);
    if (address.port === 0) {
      do bound = formatAddress({ ...address, port: this.#nextPort++ });
      while (this.#listeners.has(bound));
    }
    if (this.#listeners.has(bound)) {
      throw new FlotillaError('AddressInUse', {
        message: `${bound} has a listener already; port 0 takes a free one`,
        details: { address: bound },
      });
    }
    this.#listeners.set(bound, listener);
    return bound;
  }

  #connect(node: MemoryNode, address: ParsedAddress, signal: AbortSignal): Promise<MessageSocket> {
    const url = formatAddress(address);
    const there = this.#links.link(node.name, address.host);
    const back = this.#links.link(address.host, node.name);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(abortError(`dialling ${url}`, signal));
      signal.addEventListener('abort', onAbort, { once: true });
      const refuse = (error: Error): void => {
        this.#carrier.transmit(back, undefined, { deliver: () => node.deliver(() => reject(error)) });
      };
      this.#carrier.transmit(there, undefined, {
        deliver: () => {
          const listener = this.#listeners.get(url);
          if (listener === undefined) return refuse(unreachable(url));
          if (!listener.admits()) return refuse(overloaded(`connections of ${url}`, listener.connectionsMax));
          const loopback = listener.node.tls === undefined && node.tls === undefined;
          const dialled = new MemorySocket(
            node,
            there,
            { address: url, tls: listener.node.tls, loopback },
            this.#carrier,
          );
          const accepted = new MemorySocket(
            listener.node,
            back,
            { address: `mem://${node.name}`, tls: node.tls, loopback },
            this.#carrier,
          );
          MemorySocket.join(dialled, accepted);
          this.#carrier.opened(dialled);
          listener.node.deliver(() => listener.accept(accepted));
          this.#carrier.transmit(back, accepted, {
            deliver: () =>
              node.deliver(() => {
                if (signal.aborted) dialled.destroy(abortError(`dialling ${url}`, signal));
                else resolve(dialled);
              }),
          });
        },
      });
    });
  }
}

function nodeName(name: string): string {
  const address = parseAddress(`mem://${name}`);
  if (address.port !== undefined) {
    throw new FlotillaError('InvalidArgument', {
      message: `${JSON.stringify(name)} is no name of a node`,
      details: { argument: 'node', reason: 'not a host name' },
    });
  }
  return address.host;
}

function unreachable(address: string): FlotillaError<'Unreachable'> {
  return new FlotillaError('Unreachable', { message: `nobody listens on ${address}`, details: { address } });
}
