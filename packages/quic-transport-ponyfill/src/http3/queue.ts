/** First in, first out, for one consumer that waits; the oldest are dropped above a limit. */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #limit: number;
  #waiting: ((item: T | undefined) => void) | undefined;
  #ended = false;

  constructor(limit: number = Number.POSITIVE_INFINITY) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds an item. After the end it is ignored. */
  push(item: T): void {
    if (this.#ended) return;
    if (this.#waiting !== undefined) {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      waiting(item);
      return;
    }
    this.#items.push(item);
    if (this.#items.length > this.#limit) this.#items.shift();
  }

  /** The next item; `undefined` once the queue has ended and is empty. One call at a time. */
  next(): Promise<T | undefined> {
    const item = this.#items.shift();
    if (item !== undefined || this.#ended) return Promise.resolve(item);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** No more items come. @returns those that nobody took, which are gone from the queue */
  end(): readonly T[] {
    this.#ended = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
    return this.#items.splice(0);
  }
}
