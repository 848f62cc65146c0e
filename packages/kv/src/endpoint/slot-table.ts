/** Items under small numbers that are used again: what a completion names its caller by. */
export class SlotTable<T> {
  readonly #items: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Items held. */
  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** Keeps an item and returns its slot. */
  put(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length;
    this.#items[slot] = item;
    return slot;
  }

  /** Gives an item back and frees its slot; undefined where the slot is free. */
  take(slot: number): T | undefined {
    const item = this.#items[slot];
    if (item === undefined) return undefined;
    this.#items[slot] = undefined;
    this.#free.push(slot);
    return item;
  }
}
