import { QuicError } from '../errors.js';
import { reasonOf } from '../native/cancellation.js';

/** The streams of one direction: how many this side may open, and how many the peer has open here. */
export class StreamLedger {
  /** Streams that this side has opened in all, and may have opened in all. */
  #opened = 0;
  #allowed = 0;
  /** Streams of the peer: open now, at most at once, and allowed in all. */
  readonly #live = new Set<number>();
  #most = 0;
  #granted = 0;
  #waiting: { readonly resolve: (number: number) => void; readonly reject: (error: Error) => void }[] = [];

  /** What this side grants from the start. */
  grantFirst(most: number): void {
    this.#most = most;
    this.#granted = most;
  }

  /** The peer lets this side have opened so many in all. */
  allow(total: number): void {
    this.#allowed = Math.max(this.#allowed, total);
    while (this.#opened < this.#allowed) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.resolve(++this.#opened);
    }
  }

  /** The number of a new stream of this side, once there may be one. @throws the signal's reason */
  open(signal: AbortSignal | undefined): Promise<number> {
    signal?.throwIfAborted();
    if (this.#opened < this.#allowed) return Promise.resolve(++this.#opened);
    return new Promise((resolve, reject) => {
      const settled = (): void => signal?.removeEventListener('abort', abort);
      const waiter = {
        resolve: (number: number): void => {
          settled();
          resolve(number);
        },
        reject: (error: Error): void => {
          settled();
          reject(error);
        },
      };
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== waiter);
        if (signal !== undefined) reject(reasonOf(signal));
      };
      this.#waiting.push(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** The peer has opened a stream. @throws QuicError `ProtocolViolation` if it may not */
  arrived(number: number): void {
    if (number > this.#granted || this.#live.size >= this.#most || this.#live.has(number)) {
      throw new QuicError('ProtocolViolation', `the peer opened stream ${number}, and may have ${this.#most} at once`);
    }
    this.#live.add(number);
  }

  /** A stream of the peer is over. @returns how many it may have opened in all now */
  over(number: number): number {
    if (this.#live.delete(number)) this.#granted++;
    return this.#granted;
  }

  /** The session has ended. */
  end(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting = [];
  }
}
