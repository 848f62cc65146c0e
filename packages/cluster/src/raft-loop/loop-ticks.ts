import type { Runtime, Timer } from '@flotilla/runtime';

/** How many ticks late a tick may come while the loop lags behind its input. */
const TICKS_LATE_MAX = 4;

/** The one timer of a loop, for the clocks of all its groups. Missed ticks are not made up. */
export class LoopTicks {
  readonly #runtime: Runtime;
  readonly #tickMs: number;
  readonly #fellDue: () => void;
  #timer: Timer | undefined;
  #dueAt: number | undefined;

  constructor(runtime: Runtime, tickMs: number, fellDue: () => void) {
    this.#runtime = runtime;
    this.#tickMs = tickMs;
    this.#fellDue = fellDue;
  }

  /** Whether a tick fell due and was not taken. */
  get isDue(): boolean {
    return this.#dueAt !== undefined;
  }

  /** Sets the timer, unless it runs, or a tick is due. */
  arm(): void {
    if (this.#timer !== undefined || this.#dueAt !== undefined) return;
    this.#timer = this.#runtime.setTimer(this.#tickMs, () => {
      this.#timer = undefined;
      this.#dueAt = this.#runtime.now();
      this.#fellDue();
    });
  }

  /**
   * Takes the tick that is due. Where the loop lags behind its input, messages that would keep an election from happening may be waiting:
   * then the tick waits until they are taken, but no longer than some ticks.
   */
  take(lags: boolean): boolean {
    if (this.#dueAt === undefined) return false;
    if (lags && this.#runtime.now() - this.#dueAt < TICKS_LATE_MAX * this.#tickMs) return false;
    this.#dueAt = undefined;
    return true;
  }

  /** Ticks no more, until it is armed again. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueAt = undefined;
  }
}
