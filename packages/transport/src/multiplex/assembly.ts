import { limitExceeded } from './errors.js';

/** Puts the parts of a long frame or body together. Holds no more than what has arrived, and never more than the limit. */
export class Assembly {
  readonly #limit: string;
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** @param limit The limit's name, for the error. */
  constructor(limit: string, bytesMax: number) {
    this.#limit = limit;
    this.#bytesMax = bytesMax;
  }

  /** @throws {FlotillaError} LimitExceeded */
  add(part: Uint8Array): void {
    this.#check(part.length);
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  /** The whole, with its last part. @throws {FlotillaError} LimitExceeded */
  finish(last: Uint8Array): Uint8Array {
    this.#check(last.length);
    if (this.#parts.length === 0) return last;
    const whole = new Uint8Array(this.#bytes + last.length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    whole.set(last, at);
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }

  #check(more: number): void {
    if (this.#bytes + more > this.#bytesMax) {
      throw limitExceeded(this.#limit, this.#bytesMax, this.#bytes + more);
    }
  }
}
