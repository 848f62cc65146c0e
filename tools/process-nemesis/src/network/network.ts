import type { Prng } from '@flotilla/runtime/virtual';
import { Direction, type TrafficTally, trafficTally } from './direction.js';
import { LinkProxy } from './link-proxy.js';
import { OPEN, type Traffic } from './traffic.js';

/** From one place to another. */
export type Edge = readonly [from: number, to: number];

/** The network between members: a proxy for each that dials and each that listens, a direction for each ordered pair. */
export class Network implements AsyncDisposable {
  readonly tally: TrafficTally = trafficTally();
  readonly #ports: readonly number[];
  readonly #directions: readonly (readonly Direction[])[];
  readonly #proxies = new Map<string, LinkProxy>();

  private constructor(ports: readonly number[], random: Prng) {
    this.#ports = ports;
    this.#directions = ports.map((_, from) =>
      ports.map((__, to) => new Direction(this.tally, random.fork(`${from}>${to}`))),
    );
  }

  /** Stands between members that listen on these ports of the loopback address, one a place. */
  static async start(ports: readonly number[], random: Prng): Promise<Network> {
    const network = new Network(ports, random);
    for (const [from, to] of network.edges()) {
      const proxy = await LinkProxy.start({
        port: ports[to] ?? 0,
        there: network.direction(from, to),
        back: network.direction(to, from),
      });
      network.#proxies.set(`${from}>${to}`, proxy);
    }
    return network;
  }

  /** What the member at a place must dial instead: from the port that another listens on to that of the proxy. */
  dialsOf(from: number): Record<number, number> {
    const dials: Record<number, number> = {};
    for (const [to, port] of this.#ports.entries()) {
      const proxy = this.#proxies.get(`${from}>${to}`);
      if (proxy !== undefined) dials[port] = proxy.port;
    }
    return dials;
  }

  /** All ordered pairs, of these places or of all. */
  edges(places: readonly number[] = [...this.#ports.keys()]): Edge[] {
    return places.flatMap((from) => places.filter((to) => to !== from).map((to): Edge => [from, to]));
  }

  /** The bytes from one place to another. */
  direction(from: number, to: number): Direction {
    const direction = this.#directions[from]?.[to];
    if (direction === undefined) throw new Error(`there is no place ${from} or ${to}`);
    return direction;
  }

  /** Sets the traffic of some directions. */
  set(edges: readonly Edge[], traffic: Traffic): void {
    for (const [from, to] of edges) this.direction(from, to).traffic = traffic;
  }

  /** Opens everything. */
  heal(): void {
    for (const [from, to] of this.edges()) {
      const direction = this.direction(from, to);
      if (direction.traffic.kind !== 'open') direction.traffic = OPEN;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map(async (proxy) => await proxy.close()));
  }
}
