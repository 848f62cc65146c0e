import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { Prng } from '@flotilla/runtime/virtual';
import { formatAddress, parseAddress, type ParsedAddress } from '../address/address.js';
import { transportLimits } from '../limits.js';
import { abortError, overloaded } from '../multiplex/errors.js';
import type { MessageSocket } from '../multiplex/message-socket.js';
import { transportMetrics } from '../observe.js';
import type { CloseReason, TransportLimits } from '../transport.js';
import { ArrivalSchedule } from './arrival-schedule.js';
import type { Arrival } from './arrival.js';
import type { Delay } from './delay.js';
import type { InjectedFaults, NetworkEffect } from './injected-faults.js';
import { Link, type LinkLoss } from './link.js';
import type { MemoryNetworkOptions, MemoryTransportOptions } from './memory-network-options.js';
import { MemoryNode } from './memory-node.js';
import { MemorySocket, type SocketCarrier } from './memory-socket.js';
import { type MemoryListener, type MemoryNetworkSide, MemoryTransport } from './memory-transport.js';

/**
 * A network in memory, for tests, simulations and demonstrations. Connections behave as TCP's do: in order, with
 * back-pressure, and after a lost byte they break; what may happen to them is set for each directed link.
 *
 * Deterministic under a virtual runtime: what arrives when is a function of the seed, and arrivals are in the order of
 * (time, source, sequence).
 */
export class MemoryNetwork {
  readonly #runtime: Runtime;
  readonly #prng: Prng;
  readonly #limits: Partial<TransportLimits>;
  #latency: Delay;
  #bytesPerSecond: number | undefined;
  readonly #links = new Map<string, Link>();
  readonly #transports = new Map<string, Set<MemoryTransport>>();
  readonly #listeners = new Map<string, MemoryListener>();
  readonly #isolated = new Set<string>();
  /** Nodes without power: they neither answer nor refuse. */
  readonly #down = new Set<string>();
  /** The dialling ends of all connections of which an end is open. */
  readonly #connections = new Set<MemorySocket>();
  readonly #sequences = new Map<string, number>();
  readonly #arrivals: ArrivalSchedule;
  #nextPort = 1;
  readonly #injected: InjectedFaults = { lost: 0, held: 0, stalled: 0, broken: 0, crashed: 0, throttled: 0 };
  /**
   * Told, in the middle of it, what a fault did to something that went from one node to another; of a crash both are the node. May be replaced
   * at any time.
   */
  onInjected: ((effect: NetworkEffect, from: string, to: string) => void) | undefined;

  constructor(options: MemoryNetworkOptions) {
    this.#runtime = options.runtime;
    this.#prng = new Prng(options.seed ?? options.runtime.random());
    this.#latency = options.latency ?? 0;
    this.#limits = options.limits ?? {};
    this.#arrivals = new ArrivalSchedule(this.#runtime, (arrival) => this.#arrived(arrival));
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
    if (this.#down.delete(name)) {
      for (const link of this.#links.values()) if (link.to === name) this.#breakLossy(link);
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
      this.#link(nodeName(from), nodeName(to)).latency = latency ?? this.#latency;
      return;
    }
    if (latency === undefined) return;
    this.#latency = latency;
    for (const link of this.#links.values()) if (link.from !== link.to) link.latency = latency;
  }

  /** Sets the bandwidth of all links, or of one, in bytes a second; undefined: without bounds. */
  setBandwidth(bytesPerSecond: number | undefined, from?: string, to?: string): void {
    if (from !== undefined && to !== undefined) {
      this.#link(nodeName(from), nodeName(to)).bytesPerSecond = bytesPerSecond;
      return;
    }
    this.#bytesPerSecond = bytesPerSecond;
    for (const link of this.#links.values()) link.bytesPerSecond = bytesPerSecond;
  }

  /** Sets what one link does to each message: stalls, and breaks. */
  setLoss(loss: LinkLoss, from: string, to: string): void {
    this.#link(nodeName(from), nodeName(to)).loss = loss;
  }

  /**
   * Cuts one direction: what is sent that way, or is on that way, is lost without a word to the sender. New dials, which
   * need both ways, time out. A connection that lost something breaks when the link heals, and not before.
   */
  cut(from: string, to: string): void {
    this.#link(nodeName(from), nodeName(to)).cut = true;
  }

  /** Ends a cut. Connections that lost something break now. */
  heal(from: string, to: string): void {
    this.#heal(this.#link(nodeName(from), nodeName(to)));
  }

  /** Holds up what arrives on one direction; nothing is lost. */
  clog(from: string, to: string): void {
    this.#link(nodeName(from), nodeName(to)).clogged = true;
  }

  /** Lets go at once all that was held up. */
  release(from: string, to: string): void {
    this.#release(this.#link(nodeName(from), nodeName(to)));
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
    const name = nodeName(node);
    this.#isolated.add(name);
    for (const link of this.#links.values()) if (isBetween(link, name)) link.cut = true;
  }

  /** Ends an isolation: all links of the node heal. */
  rejoin(node: string): void {
    const name = nodeName(node);
    this.#isolated.delete(name);
    for (const link of this.#links.values()) if (isBetween(link, name)) this.#heal(link);
  }

  /** Heals and releases all links. Latencies, bandwidths and losses stay, and crashed nodes stay down. */
  restore(): void {
    this.#isolated.clear();
    for (const link of this.#links.values()) {
      this.#heal(link);
      this.#release(link);
    }
  }

  /**
   * Breaks all connections between two nodes. `dropped`: both sides learn it now, and nothing more arrives. `delivered`:
   * the dialling side learns it now, the other side only after what was on its way, so that this may come later than what
   * is sent on a new connection: frames in another order, and twice where the sender repeats itself.
   */
  breakConnections(a: string, b: string, options: { readonly inFlight?: 'dropped' | 'delivered' } = {}): void {
    const names = [nodeName(a), nodeName(b)];
    for (const socket of this.#connections) {
      const { from, to } = socket.link;
      if ((from === names[0] && to === names[1]) || (from === names[1] && to === names[0])) {
        this.#break(socket, options.inFlight ?? 'dropped');
      }
    }
  }

  /**
   * Ends all transports of a node at once. `reset`: its process died, and its system says so to the other sides.
   * `silence`: its power is gone: the other sides learn nothing, dials time out, and old connections are found out only
   * by traffic after the node is up again.
   */
  crash(node: string, options: { readonly peers?: 'reset' | 'silence' } = {}): void {
    const name = nodeName(node);
    this.#inject('crashed', name, name);
    if (options.peers === 'silence') this.#down.add(name);
    const error = new FlotillaError('Shutdown', { message: `node ${name} crashed`, details: {} });
    for (const transport of this.#transports.get(name) ?? []) transport.destroy(error);
    this.#transports.delete(name);
  }

  #inject(effect: NetworkEffect, from: string, to: string): void {
    this.#injected[effect]++;
    this.onInjected?.(effect, from, to);
  }

  // Links

  #link(from: string, to: string): Link {
    const key = `${from}>${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      const itself = from === to;
      link = new Link(from, to, this.#prng, itself ? 0 : this.#latency, itself ? undefined : this.#bytesPerSecond);
      link.cut = !itself && (this.#isolated.has(from) || this.#isolated.has(to));
      this.#links.set(key, link);
    }
    return link;
  }

  #heal(link: Link): void {
    link.cut = false;
    this.#breakLossy(link);
  }

  /** The system at the end of the link sees that something is missing. */
  #breakLossy(link: Link): void {
    for (const dialled of this.#connections) {
      for (const socket of [dialled, dialled.peer]) {
        if (socket.link !== link || !socket.lossy) continue;
        socket.lossy = false;
        this.#reset(socket);
      }
    }
  }

  #release(link: Link): void {
    link.clogged = false;
    for (const arrival of link.held.splice(0)) {
      arrival.at = this.#runtime.now();
      this.#arrivals.push(arrival);
    }
    this.#arrivals.schedule();
  }

  #break(socket: MemorySocket, inFlight: 'dropped' | 'delivered'): void {
    const { peer, link } = socket;
    this.#inject('broken', link.from, link.to);
    const reason = { by: 'broken', error: new Error('the network broke the connection') } as const;
    socket.deaf = true;
    socket.over = true;
    socket.node.enqueue(() => socket.close(reason));
    if (inFlight === 'delivered') return this.#reset(socket);
    peer.deaf = true;
    peer.over = true;
    peer.node.enqueue(() => peer.close(reason));
  }

  // Carrying

  readonly #carrier: SocketCarrier = {
    message: (from, bytes) => this.#sendMessage(from, bytes),
    end: (from) => this.#sendEnd(from),
    reset: (from) => this.#reset(from),
    closed: (socket) => this.#forget(socket),
  };

  #sendMessage(from: MemorySocket, bytes: Uint8Array): void {
    const { peer, link } = from;
    const loss = link.cut ? 0 : link.drawLoss();
    if (loss === 'break') return this.#break(from, 'dropped');
    if (loss > 0) this.#inject('stalled', link.from, link.to);
    this.#transmit(link, from, {
      bytes: bytes.length,
      stallMs: loss,
      deliver: () => {
        if (peer.deaf || from.gap) return;
        from.taken(bytes.length);
        if (peer.over) this.#reset(peer);
        else peer.node.deliver(() => peer.receive(bytes));
      },
    });
  }

  #sendEnd(from: MemorySocket): void {
    const { peer, link } = from;
    this.#transmit(link, from, {
      deliver: () => {
        if (peer.deaf || peer.over || from.gap) return;
        this.#tellEnded(peer, { by: 'remote', error: undefined });
        this.#transmit(peer.link, peer, {
          deliver: () => this.#tellEnded(from, { by: 'remote', error: undefined }),
        });
      },
    });
  }

  #tellEnded(socket: MemorySocket, reason: CloseReason): void {
    socket.over = true;
    socket.node.deliver(() => socket.close(reason));
  }

  /** Tells the other end that this one is gone, or that something of it is missing; that end answers if this one does not know. */
  #reset(from: MemorySocket): void {
    const { peer, link } = from;
    this.#transmit(link, from, {
      deliver: () => {
        if (peer.deaf) return;
        this.#tellEnded(peer, { by: 'broken', error: new Error('the other side reset the connection') });
        if (!from.over) this.#reset(peer);
      },
    });
  }

  #forget(socket: MemorySocket): void {
    if (!socket.peer.closed) return;
    this.#connections.delete(socket);
    this.#connections.delete(socket.peer);
  }

  #transmit(
    link: Link,
    socket: MemorySocket | undefined,
    sent: { readonly bytes?: number; readonly stallMs?: number; deliver(): void },
  ): void {
    const lost = (): void => {
      this.#inject('lost', link.from, link.to);
      if (socket === undefined) return;
      socket.lossy = true;
      socket.gap = true;
    };
    if (link.cut || this.#down.has(link.from)) return lost();
    const now = this.#runtime.now();
    const sentAt = link.sentTime(now, sent.bytes ?? 0);
    if (sentAt - now >= THROTTLED_MS) this.#inject('throttled', link.from, link.to);
    let at = sentAt + link.drawLatency() + (sent.stallMs ?? 0);
    if (socket !== undefined) {
      at = Math.max(at, socket.lastArrival);
      socket.lastArrival = at;
    }
    const sequence = (this.#sequences.get(link.from) ?? 0) + 1;
    this.#sequences.set(link.from, sequence);
    this.#arrivals.push({ at, link, sequence, deliver: () => sent.deliver(), lost });
    this.#arrivals.schedule();
  }

  #arrived(arrival: Arrival): void {
    const { link } = arrival;
    if (link.cut || this.#down.has(link.to)) {
      arrival.lost();
    } else if (link.clogged) {
      this.#inject('held', link.from, link.to);
      link.held.push(arrival);
    } else {
      arrival.deliver();
    }
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
    const there = this.#link(node.name, address.host);
    const back = this.#link(address.host, node.name);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(abortError(`dialling ${url}`, signal));
      signal.addEventListener('abort', onAbort, { once: true });
      const refuse = (error: Error): void => {
        this.#transmit(back, undefined, { deliver: () => node.deliver(() => reject(error)) });
      };
      this.#transmit(there, undefined, {
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
          this.#connections.add(dialled);
          listener.node.deliver(() => listener.accept(accepted));
          this.#transmit(back, accepted, {
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

/** A message that waits so long for bandwidth counts as throttled. */
const THROTTLED_MS = 1;

function isBetween(link: Link, node: string): boolean {
  return link.from !== link.to && (link.from === node || link.to === node);
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
