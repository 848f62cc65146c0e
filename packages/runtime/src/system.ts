import { hostTurn } from './host-turn.js';
import { promptTimers } from './prompt-timers.js';
import { checkedDelay, type Runtime, type Timer } from './runtime.js';

declare const performance: { now(): number };
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };
declare function setTimeout(callback: () => void, delayMs: number): unknown;
declare function clearTimeout(handle: unknown): void;

/** The longest delay that hosts take; they fire at once for anything above. */
const HOST_DELAY_MS_MAX = 0x7fff_ffff;
/** The most that `getRandomValues` gives at once. */
const RANDOM_BYTES_AT_ONCE = 65_536;

class SystemTimer implements Timer {
  readonly #dueMs: number;
  #callback: (() => void) | undefined;
  #handle: unknown;

  constructor(delayMs: number, callback: () => void) {
    this.#dueMs = performance.now() + delayMs;
    this.#callback = callback;
    this.#arm(delayMs);
  }

  #arm(delayMs: number): void {
    this.#handle = setTimeout(() => this.#fire(), Math.min(Math.ceil(delayMs), HOST_DELAY_MS_MAX));
  }

  /** Hosts round: a timer may fire a little before its time, and delays above their maximum go in pieces. */
  #fire(): void {
    const left = this.#dueMs - performance.now();
    if (left > 0) return this.#arm(left);
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  cancel(): void {
    if (this.#callback === undefined) return;
    this.#callback = undefined;
    clearTimeout(this.#handle);
  }
}

const hostRuntime: Runtime = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  setTimer: (delayMs, callback) => new SystemTimer(checkedDelay(delayMs), callback),
  nextTurn: hostTurn,
  random: () => Math.random(),
  randomBytes(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += RANDOM_BYTES_AT_ONCE) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + RANDOM_BYTES_AT_ONCE)));
    }
    return bytes;
  },
};

/**
 * The Runtime of the machine: its clocks, timers and randomness, on Node, Deno, browsers and isolates with web globals. Browsers hold back the
 * timers of pages in the background; there late ones fire with what arrives.
 */
export const systemRuntime: Runtime = 'setImmediate' in globalThis ? hostRuntime : promptTimers(hostRuntime);
