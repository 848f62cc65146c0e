/** Something due at a virtual time. `slot` is its place in the queue's heap; -1: not queued. */
export interface VirtualEvent {
  timeMs: number;
  readonly source: number;
  sequence: number;
  readonly callback: () => void;
  slot: number;
}

function before(a: VirtualEvent, b: VirtualEvent): boolean {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
  if (a.source !== b.source) return a.source < b.source;
  return a.sequence < b.sequence;
}

/** A binary heap of events by (time, source, sequence), from which any event can be taken out. */
export class EventQueue {
  readonly #heap: VirtualEvent[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): VirtualEvent | undefined {
    return this.#heap[0];
  }

  push(event: VirtualEvent): void {
    this.#heap.push(event);
    this.#up(this.#heap.length - 1, event);
  }

  pop(): VirtualEvent | undefined {
    const first = this.#heap[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes the event out; one that is not queued is left alone. */
  remove(event: VirtualEvent): void {
    const slot = event.slot;
    if (slot < 0) return;
    event.slot = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === event) return;
    const parent = this.#heap[(slot - 1) >> 1];
    if (slot > 0 && parent !== undefined && before(last, parent)) this.#up(slot, last);
    else this.#down(slot, last);
  }

  /** Takes out all events of a source and returns them in order. */
  removeSource(source: number): VirtualEvent[] {
    const removed = this.#heap.filter((event) => event.source === source).sort((a, b) => (before(a, b) ? -1 : 1));
    for (const event of removed) this.remove(event);
    return removed;
  }

  #up(start: number, event: VirtualEvent): void {
    const heap = this.#heap;
    let slot = start;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = heap[parentSlot];
      if (parent === undefined || !before(event, parent)) break;
      heap[slot] = parent;
      parent.slot = slot;
      slot = parentSlot;
    }
    heap[slot] = event;
    event.slot = slot;
  }

  #down(start: number, event: VirtualEvent): void {
    const heap = this.#heap;
    let slot = start;
    for (;;) {
      let childSlot = 2 * slot + 1;
      let child = heap[childSlot];
      if (child === undefined) break;
      const right = heap[childSlot + 1];
      if (right !== undefined && before(right, child)) {
        child = right;
        childSlot += 1;
      }
      if (!before(child, event)) break;
      heap[slot] = child;
      child.slot = slot;
      slot = childSlot;
    }
    heap[slot] = event;
    event.slot = slot;
  }
}
