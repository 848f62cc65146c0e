/** Of a `KeepAlive`. */
export interface KeepAliveOptions {
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  ping(): void;
  /** Nothing came for `idleTimeoutMs`. */
  idle(): void;
}

/**
 * Pings a quiet peer and notices one that is gone. A process that itself stood still (a stopped machine, a hidden page, a busy
 * loop) does not blame the peer: it asks again first.
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  readonly #everyMs: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #heardAt = performance.now();
  #lookedAt = performance.now();

  constructor(options: KeepAliveOptions) {
    this.#options = options;
    this.#everyMs = Math.max(1, Math.min(options.keepAliveMs, options.idleTimeoutMs / 4));
    this.#timer = setInterval(() => this.#look(), this.#everyMs);
  }

  /** Something came from the peer. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    const stoodStill = now - this.#lookedAt > this.#everyMs * 3 + 100;
    this.#lookedAt = now;
    // What came meanwhile is still to be read, and pings were not sent.
    if (stoodStill) this.#heardAt = Math.max(this.#heardAt, now - this.#options.idleTimeoutMs / 2);
    const silence = now - this.#heardAt;
    if (silence >= this.#options.idleTimeoutMs) this.#options.idle();
    else if (silence >= this.#options.keepAliveMs / 2) this.#options.ping();
  }
}
