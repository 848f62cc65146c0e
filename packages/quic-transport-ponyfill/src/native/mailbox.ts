/** Items that wait to be taken, one taker at a time. Takers get what was there before the end, then the end. */
export class Mailbox<T> {
  #items: T[] = [];
  /** Items before it were taken. */
  #head = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #taker: { readonly resolve: (item: T | undefined) => void; readonly reject: (error: Error) => void } | undefined;

  /** Items that wait. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Adds an item; nothing after the end. */
  push(item: T): void {
    if (this.#end !== undefined) return;
    const taker = this.#taker;
    if (taker === undefined) {
      this.#items.push(item);
      return;
    }
    this.#taker = undefined;
    taker.resolve(item);
  }

  /** Takes the oldest item if there is one. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Resolves with the next item, or undefined at the end; rejects if that was an error. */
  take(): Promise<T | undefined> {
    if (this.size > 0) return Promise.resolve(this.shift());
    if (this.#end !== undefined) {
      return this.#end.error === undefined ? Promise.resolve(undefined) : Promise.reject(this.#end.error);
    }
    if (this.#taker !== undefined) return Promise.reject(new TypeError('somebody waits for the next item already'));
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject };
    });
  }

  /** Nothing comes any more; what waits can still be taken. */
  end(): void {
    this.#finish(undefined);
  }

  /** Nothing comes any more, and what waits is dropped: takers get the error. */
  fail(error: Error): void {
    if (this.#end !== undefined) return;
    this.#items = [];
    this.#head = 0;
    this.#finish(error);
  }

  #finish(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const taker = this.#taker;
    this.#taker = undefined;
    if (taker === undefined) return;
    if (error === undefined) taker.resolve(undefined);
    else taker.reject(error);
  }
}
