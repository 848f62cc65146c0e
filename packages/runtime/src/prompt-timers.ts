import { checkedDelay, type Runtime, type Timer } from './runtime.js';

/** A timer that is late by more than this was held back by the host, in ms. */
const LATE_MS = 20;
/** Cancelled timers are swept out once they are so many, and the most. */
const CANCELLED_MIN = 64;

class PromptTimer implements Timer {
  readonly dueMs: number;
  /** It is among the timers. */
  isKept = true;
  readonly #timers: Timers;
  readonly #host: Timer;
  #callback: (() => void) | undefined;

  constructor(timers: Timers, runtime: Runtime, delayMs: number, callback: () => void) {
    this.dueMs = runtime.now() + delayMs;
    this.#timers = timers;
    this.#callback = callback;
    this.#host = runtime.setTimer(delayMs, () => this.fire());
  }

  get isOver(): boolean {
    return this.#callback === undefined;
  }

  fire(): void {
    const callback = this.#callback;
    if (callback === undefined) return;
    this.cancel();
    callback();
  }

  cancel(): void {
    if (this.#callback === undefined) return;
    this.#callback = undefined;
    this.#host.cancel();
    if (this.isKept) this.#timers.ended();
  }
}

/** Timers by the time at which they fall due: a binary heap, from which those that are over are taken when they come to the top, or in bulk. */
class Timers {
  #heap: PromptTimer[] = [];
  #over = 0;

  add(timer: PromptTimer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as PromptTimer;
      if (above.dueMs <= timer.dueMs) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  ended(): void {
    this.#over++;
    if (this.#over < CANCELLED_MIN || this.#over * 2 < this.#heap.length) return;
    const left = this.#heap.filter((timer) => !timer.isOver);
    // In order of time an array is a heap.
    this.#heap = left.sort((a, b) => a.dueMs - b.dueMs);
    this.#over = 0;
  }

  /** Takes the first that was due before `nowMs` and is not over; undefined: none. */
  takeBefore(nowMs: number): PromptTimer | undefined {
    for (let top = this.#heap[0]; top !== undefined && (top.isOver || top.dueMs < nowMs); top = this.#heap[0]) {
      this.#removeTop();
      top.isKept = false;
      if (!top.isOver) return top;
      this.#over--;
    }
    return undefined;
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = heap[child + 1];
      if (right !== undefined && right.dueMs < (heap[child] as PromptTimer).dueMs) child++;
      const below = heap[child];
      if (below === undefined || below.dueMs >= last.dueMs) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

/**
 * A Runtime whose timers do not wait for a host that holds them back: those of a page in the background come once a second, or once a minute, while
 * messages and turns come at once. Where turns are taken, timers that are late fire in turns of their own.
 */
export function promptTimers(runtime: Runtime): Runtime {
  const timers = new Timers();
  const hurry = (): void => {
    const nowMs = runtime.now() - LATE_MS;
    for (let late = timers.takeBefore(nowMs); late !== undefined; late = timers.takeBefore(nowMs)) {
      const timer = late;
      runtime.nextTurn(() => timer.fire());
    }
  };
  return {
    now: () => runtime.now(),
    wallClock: () => runtime.wallClock(),
    setTimer(delayMs, callback) {
      const timer = new PromptTimer(timers, runtime, checkedDelay(delayMs), callback);
      timers.add(timer);
      return timer;
    },
    nextTurn(callback) {
      runtime.nextTurn(() => {
        hurry();
        callback();
      });
    },
    random: () => runtime.random(),
    randomBytes: (length) => runtime.randomBytes(length),
  };
}
