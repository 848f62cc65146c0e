import { invariant } from '../invariant.js';

const FIRST_CAPACITY = 8;

/**
 * The window of append messages that are on their way to one follower, limited by count and by bytes.
 * Each is known by the index of its last entry; indexes rise. A ring that is allocated with the first message and
 * doubles up to the limit, so that an idle follower costs nothing.
 *
 * `bytes >= maxBytes` is full, not more: one message may overshoot the byte limit, so that a large entry can pass.
 */
export class Inflights {
  /** Messages in the window. */
  count: number = 0;
  #bytes: number = 0;
  #start: number = 0;
  #indexes: Float64Array | undefined = undefined;
  #sizes: Float64Array | undefined = undefined;
  readonly #maxMessages: number;
  readonly #maxBytes: number;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  /** Whether bytes need to be counted at all. */
  get limitsBytes(): boolean {
    return this.#maxBytes !== Infinity;
  }

  /** Whether no further message may be sent. */
  get full(): boolean {
    return this.count === this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  /** Adds a message whose last entry is `index`. */
  add(index: number, bytes: number): void {
    invariant(!this.full, () => `inflight window is full: ${this.count} messages, ${this.#bytes} bytes`);
    let indexes = this.#indexes;
    let sizes = this.#sizes;
    if (indexes === undefined || sizes === undefined || this.count === indexes.length) {
      [indexes, sizes] = this.#grow();
    }
    let at = this.#start + this.count;
    if (at >= indexes.length) at -= indexes.length;
    indexes[at] = index;
    sizes[at] = bytes;
    this.count++;
    this.#bytes += bytes;
  }

  /** Frees the messages whose last entry is at or below `index`: an acknowledgement covers all before it. */
  freeUpTo(index: number): void {
    const indexes = this.#indexes;
    const sizes = this.#sizes;
    if (indexes === undefined || sizes === undefined) return;
    let start = this.#start;
    while (this.count > 0 && (indexes[start] ?? 0) <= index) {
      this.#bytes -= sizes[start] ?? 0;
      this.count--;
      start++;
      if (start === indexes.length) start = 0;
    }
    this.#start = this.count === 0 ? 0 : start;
  }

  /** Forgets all messages and gives the memory back. */
  reset(): void {
    this.count = 0;
    this.#bytes = 0;
    this.#start = 0;
    this.#indexes = undefined;
    this.#sizes = undefined;
  }

  /** A copy that shares nothing. */
  clone(): Inflights {
    const copy = new Inflights(this.#maxMessages, this.#maxBytes);
    copy.count = this.count;
    copy.#bytes = this.#bytes;
    copy.#start = this.#start;
    copy.#indexes = this.#indexes?.slice();
    copy.#sizes = this.#sizes?.slice();
    return copy;
  }

  #grow(): [Float64Array, Float64Array] {
    const old = this.#indexes?.length ?? 0;
    const capacity = Math.min(Math.max(old * 2, FIRST_CAPACITY), this.#maxMessages);
    const indexes = new Float64Array(capacity);
    const sizes = new Float64Array(capacity);
    for (let i = 0; i < this.count; i++) {
      const from = (this.#start + i) % old;
      indexes[i] = this.#indexes?.[from] ?? 0;
      sizes[i] = this.#sizes?.[from] ?? 0;
    }
    this.#indexes = indexes;
    this.#sizes = sizes;
    this.#start = 0;
    return [indexes, sizes];
  }
}
