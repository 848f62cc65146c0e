import { FlotillaError } from '@flotilla/errors';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { KeepAlive } from './options.js';

/** How a silent other side is asked, and given up. */
export interface LivenessActions {
  /** @param missed Intervals without a byte, from 1 on. */
  ask(missed: number): void;
  giveUp(error: Error): void;
}

/** Notices that the other side fell silent. Counts intervals, not time, so that a process that was stopped asks before it judges. */
export class Liveness {
  readonly #runtime: Runtime;
  readonly #keepAlive: KeepAlive;
  readonly #address: string;
  readonly #actions: LivenessActions;
  #timer: Timer;
  #heard = false;
  #missed = 0;

  constructor(runtime: Runtime, keepAlive: KeepAlive, address: string, actions: LivenessActions) {
    this.#runtime = runtime;
    this.#keepAlive = keepAlive;
    this.#address = address;
    this.#actions = actions;
    this.#timer = this.#arm();
  }

  /** Something of the other side arrived. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#timer.cancel();
  }

  #arm(): Timer {
    return this.#runtime.setTimer(this.#keepAlive.intervalMs, () => this.#look());
  }

  #look(): void {
    this.#missed = this.#heard ? 0 : this.#missed + 1;
    this.#heard = false;
    if (this.#missed > this.#keepAlive.missedMax) {
      const ms = this.#keepAlive.intervalMs * this.#missed;
      this.#actions.giveUp(
        new FlotillaError('Timeout', {
          message: `${this.#address} has sent nothing for ${ms} ms, not even an answer to a ping`,
          details: { operation: 'keep-alive', ms },
        }),
      );
      return;
    }
    if (this.#missed > 0) this.#actions.ask(this.#missed);
    this.#timer = this.#arm();
  }
}
