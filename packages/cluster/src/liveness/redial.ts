import type { Runtime, Timer } from '@flotilla/runtime';

/** How long to wait between dials (ms). */
export interface RedialDelays {
  /** Before the second dial; each later wait is twice the one before. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Dials again and again until stopped, with waits that double up to a bound. Each wait is drawn from its upper half, so that nodes which
 * lost each other at one moment do not meet again at one moment.
 */
export class Redial {
  readonly #runtime: Runtime;
  readonly #delays: RedialDelays;
  readonly #dial: () => Promise<void>;
  #timer: Timer | undefined;
  #dialling = false;
  #stopped = true;
  #failures = 0;

  /** `dial` settles when the dial was answered or refused; it must not reject. */
  constructor(runtime: Runtime, delays: RedialDelays, dial: () => Promise<void>) {
    this.#runtime = runtime;
    this.#delays = delays;
    this.#dial = dial;
  }

  /** Begins after `delayMs`. Does nothing while running. */
  start(delayMs: number): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#failures = 0;
    this.#schedule(delayMs);
  }

  /** Dials now, with waits from the first again, unless a dial is under way or none is wanted. */
  hurry(): void {
    if (this.#stopped || this.#dialling) return;
    this.#failures = 0;
    this.#timer?.cancel();
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#runtime.setTimer(delayMs, () => {
      this.#timer = undefined;
      if (this.#dialling) {
        this.#schedule(this.#nextDelayMs());
        return;
      }
      this.#dialling = true;
      void this.#dial().then(() => {
        this.#dialling = false;
        if (!this.#stopped && this.#timer === undefined) this.#schedule(this.#nextDelayMs());
      });
    });
  }

  #nextDelayMs(): number {
    const ceiling = Math.min(this.#delays.maxMs, this.#delays.firstMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return ceiling * (0.5 + this.#runtime.random() / 2);
  }
}
