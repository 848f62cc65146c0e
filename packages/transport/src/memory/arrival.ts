import type { Link } from './link.js';

/** Something on its way over a link: a message, or a step in the life of a connection. */
export interface Arrival {
  /** When it arrives, in ms of the network's clock. */
  at: number;
  readonly link: Link;
  /** Counts what the source sent, over all its links. */
  readonly sequence: number;
  /** It arrived at a node that is up. */
  deliver(): void;
  /** It never will. */
  lost(): void;
}

/** The order of arrival: by time, then by source, then by the source's own order. */
export function arrivesBefore(a: Arrival, b: Arrival): boolean {
  if (a.at !== b.at) return a.at < b.at;
  if (a.link.from !== b.link.from) return a.link.from < b.link.from;
  return a.sequence < b.sequence;
}

/** A binary heap of what is on its way, the next to arrive on top. */
export class ArrivalQueue {
  readonly #heap: Arrival[] = [];

  /** The next to arrive. */
  peek(): Arrival | undefined {
    return this.#heap[0];
  }

  /** Adds one. */
  push(arrival: Arrival): void {
    const heap = this.#heap;
    let slot = heap.length;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = heap[parentSlot];
      if (parent === undefined || !arrivesBefore(arrival, parent)) break;
      heap[slot] = parent;
      slot = parentSlot;
    }
    heap[slot] = arrival;
  }

  /** Takes the next to arrive. */
  pop(): Arrival | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let slot = 0;
    for (;;) {
      let childSlot = 2 * slot + 1;
      let child = heap[childSlot];
      if (child === undefined) break;
      const right = heap[childSlot + 1];
      if (right !== undefined && arrivesBefore(right, child)) {
        child = right;
        childSlot++;
      }
      if (!arrivesBefore(child, last)) break;
      heap[slot] = child;
      slot = childSlot;
    }
    heap[slot] = last;
    return first;
  }
}
