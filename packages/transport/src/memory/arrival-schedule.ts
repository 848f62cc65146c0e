import type { Runtime, Timer } from '@flotilla/runtime';
import { type Arrival, ArrivalQueue } from './arrival.js';

/** What is on its way, and the timer or turn in which the next of it arrives. */
export class ArrivalSchedule {
  readonly #runtime: Runtime;
  readonly #arrived: (arrival: Arrival) => void;
  readonly #queue = new ArrivalQueue();
  #turnAsked = false;
  #timer: Timer | undefined;
  #timerAt = Infinity;

  /** @param arrived Called with each arrival when it is due, in the order of (time, source, sequence) */
  constructor(runtime: Runtime, arrived: (arrival: Arrival) => void) {
    this.#runtime = runtime;
    this.#arrived = arrived;
  }

  /** Something is on its way; `schedule` follows. */
  push(arrival: Arrival): void {
    this.#queue.push(arrival);
  }

  /** Sees to it that the next arrival is noticed. */
  schedule(): void {
    const next = this.#queue.peek();
    if (next === undefined || this.#turnAsked) return;
    const now = this.#runtime.now();
    if (next.at <= now) {
      this.#turnAsked = true;
      this.#runtime.nextTurn(() => {
        this.#turnAsked = false;
        this.#arrive();
      });
    } else if (next.at < this.#timerAt) {
      this.#timer?.cancel();
      this.#timerAt = next.at;
      this.#timer = this.#runtime.setTimer(next.at - now, () => {
        this.#timerAt = Infinity;
        this.#arrive();
      });
    }
  }

  /** Hands over what is due. What that sends arrives in a later turn, at the earliest. */
  #arrive(): void {
    const now = this.#runtime.now();
    const due: Arrival[] = [];
    for (let next = this.#queue.peek(); next !== undefined && next.at <= now; next = this.#queue.peek()) {
      this.#queue.pop();
      due.push(next);
    }
    for (const arrival of due) this.#arrived(arrival);
    this.schedule();
  }
}
