import { isIPv6 } from 'node:net';
import { type Conditions, checkConditions, fateOf } from './conditions.js';
import { seededRandom } from './random.js';
import { type Address, bindUdp, type UdpSocket } from './udp-socket.js';

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
  /** The way of each client towards the target; the map's order is that of use. */
  readonly #clients = new Map<string, Promise<UdpSocket>>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #front: UdpSocket | undefined;
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
    return this.#front?.address ?? { hostname: '', port: 0 };
  }

  async bind(hostname: string, port: number): Promise<void> {
    this.#front = await bindUdp(hostname, port, (packet, from) => this.#fromClient(packet, from));
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
    for (const client of this.#clients.values()) void drop(client);
    this.#clients.clear();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all([...clients.map(drop), this.#front?.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #fromClient(packet: Uint8Array, client: Address): void {
    const name = `${client.hostname} ${client.port}`;
    const socket = this.#clients.get(name) ?? this.#bindFor(client);
    this.#clients.delete(name);
    this.#clients.set(name, socket);
    const [oldest] = this.#clients;
    if (oldest !== undefined && this.#clients.size > MAX_CLIENTS) {
      this.#clients.delete(oldest[0]);
      void drop(oldest[1]);
    }
    this.#pass('to-target', () => {
      // Its way may be new, and is gone if the clients were given new ones meanwhile.
      if (this.#clients.get(name) !== socket) return;
      const send = (bound: UdpSocket): void => {
        if (this.#clients.get(name) === socket) bound.send(packet, this.#target);
      };
      socket.then(send, () => this.#clients.delete(name)); // no socket to be had: lost, and tried again
    });
  }

  /** The socket through which a client's packets go, and the target's answers come back to it. */
  #bindFor(client: Address): Promise<UdpSocket> {
    const local = isIPv6(this.#target.hostname) ? '::' : '0.0.0.0';
    return bindUdp(local, 0, (packet) => this.#pass('to-client', () => this.#front?.send(packet, client)));
  }

  #pass(direction: Direction, send: () => void): void {
    const way = this.#ways[direction];
    way.counters.received++;
    const delays = fateOf(way.conditions, way.random);
    if (delays.length === 0) way.counters.lost++;
    if (delays.length === 2) way.counters.duplicated++;
    for (const delay of delays) {
      if (delay < 1) this.#send(way, send);
      else this.#later(delay, () => this.#send(way, send));
    }
  }

  #later(delayMs: number, send: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      send();
    }, delayMs);
    this.#timers.add(timer);
  }

  #send(way: Way, send: () => void): void {
    if (way.cut) {
      way.counters.cut++;
      return;
    }
    if (this.#closed) return;
    way.counters.forwarded++;
    send();
  }
}

async function drop(client: Promise<UdpSocket>): Promise<void> {
  const socket = await client.catch(() => undefined); // there was none to be had
  await socket?.close();
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
