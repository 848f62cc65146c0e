/** A timer that was set; cancelling one that has fired or was cancelled does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * All that floors 0 to 6 may know of time, turns and chance. One instance a node, so that several nodes in one
 * process can have clocks of their own.
 */
export interface Runtime {
  /** Monotonic time in ms, with fractions; its origin means nothing. */
  now(): number;
  /** ms since 1970, for logs, tokens and certificates only: it may jump. */
  wallClock(): number;
  /**
   * Calls back once, no sooner than `delayMs` from now by this clock; a delay below 0 is 0. A callback must not throw.
   *
   * @throws {RangeError} for a delay that is not finite.
   */
  setTimer(delayMs: number, callback: () => void): Timer;
  /** Calls back in a later macrotask, after all microtasks and after input that is already waiting could be read. First in, first out. */
  nextTurn(callback: () => void): void;
  /** Uniform in [0, 1). Not for secrets. */
  random(): number;
  /** `length` unpredictable bytes (cryptographically strong on real runtimes, seeded on the virtual one). */
  randomBytes(length: number): Uint8Array;
}

/** A delay as timers take it: not below 0. Not part of the port; for implementations of it. */
export function checkedDelay(delayMs: number): number {
  if (!Number.isFinite(delayMs)) throw new RangeError(`a timer's delay must be a finite number of ms, not ${delayMs}`);
  return delayMs > 0 ? delayMs : 0;
}
