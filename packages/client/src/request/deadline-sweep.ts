import type { Runtime, Timer } from '@flotilla/runtime';

/** One timer for the deadlines of many requests: it goes off no later than the earliest that it was told of. */
export class DeadlineSweep {
  readonly #runtime: Runtime;
  readonly #sweep: (now: number) => number;
  #at = Infinity;
  #timer: Timer | undefined;

  /** @param sweep Ends what is overdue and returns the earliest deadline that is left; Infinity: none */
  constructor(runtime: Runtime, sweep: (now: number) => number) {
    this.#runtime = runtime;
    this.#sweep = sweep;
  }

  /** Sweeps no later than at `time`, by the runtime's clock. */
  by(time: number): void {
    if (time >= this.#at) return;
    this.#at = time;
    this.#timer?.cancel();
    this.#timer = this.#runtime.setTimer(time - this.#runtime.now(), () => {
      this.#at = Infinity;
      this.#timer = undefined;
      const next = this.#sweep(this.#runtime.now());
      if (next < Infinity) this.by(next);
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
