import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type Conditions, checkConditions, fateOf } from './conditions.js';
import { seededRandom } from './random.js';

/** Of UDP. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** Which way a packet goes. */
export type Direction = 'to-target' | 'to-client';

/** Of `startUdpProxy`. */
export interface UdpProxyOptions {
  /** Where packets of clients go. */
  readonly target: Address;
  /** To bind; default 127.0.0.1, port 0 (a free one). */
  readonly hostname?: string;
  readonly port?: number;
  /** All chances come from it; default 1. */
  readonly seed?: number;
  /** For both directions, unless they have their own. */
  readonly conditions?: Conditions;
  readonly toTarget?: Conditions;
  readonly toClient?: Conditions;
}

/** Packets of one direction. */
export interface Counters {
  /** Come in. */
  readonly received: number;
  /** Gone out, doubles among them. */
  readonly forwarded: number;
  /** Lost by chance. */
  readonly lost: number;
  /** Lost because the direction was cut. */
  readonly cut: number;
  readonly duplicated: number;
}

/** A running proxy. */
export interface UdpProxy extends AsyncDisposable {
  /** Where clients send to. */
  readonly address: Address;
  /** A copy of the counters of a direction. */
  counters(direction: Direction): Counters;
  /** Changes what happens to packets from now on; those on their way stay on it. */
  setConditions(direction: Direction, conditions: Conditions): void;
  /** Loses every packet of a direction, those on their way too, until healed. */
  cut(direction: Direction): void;
  heal(direction: Direction): void;
  /** New packets go to another target; clients keep their way. */
  retarget(target: Address): void;
  /** Gives every client a new port towards the target, as a NAT does that lost its table. */
  rebind(): void;
  close(): Promise<void>;
}

interface Way {
  conditions: Conditions;
  readonly random: () => number;
  cut: boolean;
  readonly counters: { received: number; forwarded: number; lost: number; cut: number; duplicated: number };
}

/** Clients with a way of their own at once; the one that was quiet for longest makes room. */
const MAX_CLIENTS = 4096;

/**
 * Starts a proxy between clients and one target. The fate of the n-th packet of a direction depends on the seed and n alone.
 * @throws RangeError for conditions that make no sense; the system's error if the port cannot be bound
 */
export async function startUdpProxy(options: UdpProxyOptions): Promise<UdpProxy> {
  const proxy = new Proxying(options);
  await proxy.bind(options.hostname ?? '127.0.0.1', options.port ?? 0);
  return proxy;
}

class Proxying implements UdpProxy {
  #target: Address;
  readonly #ways: Readonly<Record<Direction, Way>>;
  readonly #clients = new Map<string, Socket>();
  /** Closed; packets may still be on their way to them. */
  readonly #dropped = new WeakSet<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #front: Socket | undefined;
  #address: Address = { hostname: '', port: 0 };
  #closed = false;

  constructor(options: UdpProxyOptions) {
    const seed = options.seed ?? 1;
    this.#target = options.target;
    this.#ways = {
      'to-target': newWay(options.toTarget ?? options.conditions ?? {}, seed),
      'to-client': newWay(options.toClient ?? options.conditions ?? {}, seed ^ 0x5bd1e995),
    };
  }

  get address(): Address {
    return this.#address;
  }

  async bind(hostname: string, port: number): Promise<void> {
    const front = createSocket(isIPv6(hostname) ? 'udp6' : 'udp4');
    front.on('message', (packet, from) => this.#fromClient(packet, { hostname: from.address, port: from.port }));
    front.bind(port, hostname);
    await once(front, 'listening');
    front.on('error', () => undefined); // what could not be sent is lost, as on a real path
    enlarge(front);
    this.#front = front;
    const bound = front.address();
    this.#address = { hostname: bound.address, port: bound.port };
  }

  counters(direction: Direction): Counters {
    return { ...this.#ways[direction].counters };
  }

  setConditions(direction: Direction, conditions: Conditions): void {
    checkConditions(conditions);
    this.#ways[direction].conditions = conditions;
  }

  cut(direction: Direction): void {
    this.#ways[direction].cut = true;
  }

  heal(direction: Direction): void {
    this.#ways[direction].cut = false;
  }

  retarget(target: Address): void {
    this.#target = target;
  }

  rebind(): void {
    for (const socket of this.#clients.values()) this.#drop(socket);
    this.#clients.clear();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.rebind();
    const front = this.#front;
    if (front === undefined) return;
    front.close();
    await once(front, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #fromClient(packet: Uint8Array, client: Address): void {
    const socket = this.#socketOf(client);
    this.#pass('to-target', packet, socket, () => this.#target);
  }

  /** The socket through which a client's packets go, and the target's answers come back to it. */
  #socketOf(client: Address): Socket {
    const name = `${client.hostname} ${client.port}`;
    const known = this.#clients.get(name);
    if (known !== undefined) {
      this.#clients.delete(name);
      this.#clients.set(name, known); // the map's order is that of use
      return known;
    }
    const [oldest] = this.#clients;
    if (oldest !== undefined && this.#clients.size >= MAX_CLIENTS) {
      this.#clients.delete(oldest[0]);
      this.#drop(oldest[1]);
    }
    const socket = createSocket(isIPv6(this.#target.hostname) ? 'udp6' : 'udp4');
    socket.on('error', () => undefined); // as above
    socket.on('listening', () => enlarge(socket));
    socket.on('message', (packet) => this.#pass('to-client', packet, this.#front, () => client));
    socket.bind(0);
    this.#clients.set(name, socket);
    return socket;
  }

  #pass(direction: Direction, packet: Uint8Array, socket: Socket | undefined, to: () => Address): void {
    const way = this.#ways[direction];
    way.counters.received++;
    const delays = fateOf(way.conditions, way.random);
    if (delays.length === 0) way.counters.lost++;
    if (delays.length === 2) way.counters.duplicated++;
    for (const delay of delays) {
      if (delay < 1) this.#send(way, packet, socket, to());
      else this.#later(delay, () => this.#send(way, packet, socket, to()));
    }
  }

  #later(delayMs: number, send: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      send();
    }, delayMs);
    this.#timers.add(timer);
  }

  #send(way: Way, packet: Uint8Array, socket: Socket | undefined, to: Address): void {
    if (way.cut) {
      way.counters.cut++;
      return;
    }
    if (socket === undefined || this.#closed || this.#dropped.has(socket)) return;
    way.counters.forwarded++;
    socket.send(packet, to.port, to.hostname, () => undefined); // as above
  }

  #drop(socket: Socket): void {
    this.#dropped.add(socket);
    socket.close();
  }
}

function newWay(conditions: Conditions, seed: number): Way {
  checkConditions(conditions);
  return {
    conditions,
    random: seededRandom(seed),
    cut: false,
    counters: { received: 0, forwarded: 0, lost: 0, cut: 0, duplicated: 0 },
  };
}

/** A busy machine reads its sockets late; what the system drops is no loss by the seed. The system may grant less. */
function enlarge(socket: Socket): void {
  socket.setRecvBufferSize(4 * 1024 * 1024);
  socket.setSendBufferSize(4 * 1024 * 1024);
}
