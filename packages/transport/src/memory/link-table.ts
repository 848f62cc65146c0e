import type { Prng } from '@flotilla/runtime/virtual';
import type { Delay } from './delay.js';
import { Link } from './link.js';

/** The directed links of a network, each made when it is first spoken of, and what holds for all of them. */
export class LinkTable {
  readonly #prng: Prng;
  readonly #links = new Map<string, Link>();
  readonly #isolated = new Set<string>();
  #latency: Delay;
  #bytesPerSecond: number | undefined;

  constructor(prng: Prng, latency: Delay) {
    this.#prng = prng;
    this.#latency = latency;
  }

  /** The way from one node to another; what is set for all links does not slow a node's way to itself. */
  link(from: string, to: string): Link {
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

  /** All that were spoken of. */
  all(): IterableIterator<Link> {
    return this.#links.values();
  }

  /** The latency of links that have none of their own. */
  get latency(): Delay {
    return this.#latency;
  }

  /** Sets the latency of all links, of those too that are made later. */
  setLatency(latency: Delay): void {
    this.#latency = latency;
    for (const link of this.#links.values()) if (link.from !== link.to) link.latency = latency;
  }

  /** Sets the bandwidth of all links, of those too that are made later. */
  setBandwidth(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
    for (const link of this.#links.values()) link.bytesPerSecond = bytesPerSecond;
  }

  /** Cuts all links of a node, of those too that are made later. */
  isolate(node: string): void {
    this.#isolated.add(node);
    for (const link of this.of(node)) link.cut = true;
  }

  /** Links of the node that are made later are not cut. */
  endIsolation(node: string): void {
    this.#isolated.delete(node);
  }

  /** No node's later links are cut. */
  endIsolations(): void {
    this.#isolated.clear();
  }

  /** The links between a node and others, in both directions. */
  *of(node: string): IterableIterator<Link> {
    for (const link of this.#links.values()) {
      if (link.from !== link.to && (link.from === node || link.to === node)) yield link;
    }
  }
}
