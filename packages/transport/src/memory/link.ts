import type { Prng } from '@flotilla/runtime/virtual';
import type { Arrival } from './arrival.js';
import { type Delay, drawDelay, type RandomSource } from './delay.js';

/** What a bad link does to each message. A connection never loses or reorders messages: it stalls, or it breaks. */
export interface LinkLoss {
  /** Chance that a message, and all behind it, waits as for a retransmission (default 0). */
  readonly stallProbability?: number;
  /** For how long (default 200 ms). */
  readonly stall?: Delay;
  /** Chance that the message breaks its connection (default 0). */
  readonly breakProbability?: number;
}

/** The way from one node to another. Each has chance of its own, so that what happens on one does not change another. */
export class Link {
  readonly from: string;
  readonly to: string;
  readonly #random: RandomSource;
  latency: Delay;
  loss: LinkLoss = {};
  /** What is sent, and what is on its way, is lost. */
  cut = false;
  /** What arrives waits. */
  clogged = false;
  /** What waits, in order of arrival. */
  readonly held: Arrival[] = [];
  /** Until when bandwidth is taken by what was sent before. */
  #busyUntil = 0;
  #bytesPerSecond: number | undefined;

  constructor(from: string, to: string, prng: Prng, latency: Delay, bytesPerSecond: number | undefined) {
    this.from = from;
    this.to = to;
    const own = prng.fork(`${from}>${to}`);
    this.#random = () => own.float();
    this.latency = latency;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** A new bandwidth owes nothing to what was sent before. */
  set bytesPerSecond(bytesPerSecond: number | undefined) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#busyUntil = 0;
  }

  /** When the last of so many bytes, handed over `now`, is on its way. */
  sentTime(now: number, bytes: number): number {
    if (this.#bytesPerSecond === undefined) return now;
    this.#busyUntil = Math.max(now, this.#busyUntil) + (bytes * 1000) / this.#bytesPerSecond;
    return this.#busyUntil;
  }

  /** Draws how long something is on its way, stalls apart, in ms. */
  drawLatency(): number {
    return drawDelay(this.latency, this.#random);
  }

  /** Draws what happens to a message: a further wait in ms, or `break`. */
  drawLoss(): number | 'break' {
    const { stallProbability = 0, stall = 200, breakProbability = 0 } = this.loss;
    if (breakProbability > 0 && this.#random() < breakProbability) return 'break';
    if (stallProbability > 0 && this.#random() < stallProbability) return drawDelay(stall, this.#random);
    return 0;
  }
}
