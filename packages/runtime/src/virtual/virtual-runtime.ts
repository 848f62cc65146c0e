import { checkedDelay, type Runtime, type Timer } from '../runtime.js';
import type { EventQueue, VirtualEvent } from './event-queue.js';
import type { Prng } from './prng.js';

/** Of one runtime of a virtual world. */
export interface VirtualRuntimeOptions {
  /** What its monotonic clock shows at virtual time 0, in ms (default 0). */
  readonly offsetMs?: number;
  /** How much faster its clock runs than the world's, in millionths, above -1,000,000 (default 0). */
  readonly driftPpm?: number;
  /** How far its wall clock is ahead of the world's, in ms (default 0). */
  readonly wallClockOffsetMs?: number;
}

/** How a process is paused. */
export interface PauseOptions {
  /**
   * `goes-on` (the default): its monotonic clock goes on, as that of a stopped process does. `stands-still`: so does its clock, as on a
   * machine that sleeps and whose monotonic clock does not count that; the wall clock goes on in both.
   */
  readonly clock?: 'goes-on' | 'stands-still';
}

/** What a runtime knows of its world. */
export interface WorldSide {
  readonly source: number;
  readonly prng: Prng;
  readonly queue: EventQueue;
  now(): number;
  wallClock(): number;
  nextSequence(): number;
}

/** One node's view of a VirtualWorld: its clocks, its timers, its chance. Made by `VirtualWorld.createRuntime`. */
export class VirtualRuntime implements Runtime {
  /** Its number in the world, from 1 on, in order of creation. */
  readonly source: number;
  readonly #world: WorldSide;
  /** The clock showed `#anchorLocalMs` at the world's `#anchorMs`, and goes on from there at `#rate`. */
  #anchorMs = 0;
  #anchorLocalMs: number;
  #rate: number;
  #wallClockOffsetMs: number;
  #state: 'running' | 'paused' | 'halted' = 'running';
  /** Since when the clock stands still, in ms of the world. */
  #stoodSinceMs: number | undefined;
  #parked: VirtualEvent[] = [];

  /** Not for callers: use `VirtualWorld.createRuntime`. */
  constructor(world: WorldSide, options: VirtualRuntimeOptions) {
    this.source = world.source;
    this.#world = world;
    this.#anchorLocalMs = options.offsetMs ?? 0;
    this.#rate = rateOf(options.driftPpm ?? 0);
    this.#wallClockOffsetMs = options.wallClockOffsetMs ?? 0;
  }

  now(): number {
    return this.#localMs(this.#clockMs());
  }

  wallClock(): number {
    return this.#world.wallClock() + this.#wallClockOffsetMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const delay = checkedDelay(delayMs);
    const event = this.#schedule(this.#timeOf(this.now() + delay, this.#clockMs() + delay / this.#rate), callback);
    return { cancel: () => this.#cancel(event) };
  }

  nextTurn(callback: () => void): void {
    this.#schedule(this.#clockMs(), callback);
  }

  random(): number {
    return this.#world.prng.float();
  }

  randomBytes(length: number): Uint8Array {
    return this.#world.prng.bytes(length);
  }

  /** Moves the wall clock by `ms`, as an operator or a time server would. The monotonic clock does not jump. */
  stepWallClock(ms: number): void {
    this.#wallClockOffsetMs += ms;
  }

  /**
   * From now on the clock runs so much faster than the world's, in millionths. It does not jump; timers that are set follow it.
   *
   * @throws {RangeError} for a clock that would stand still or go back
   */
  setDrift(driftPpm: number): void {
    const rate = rateOf(driftPpm);
    this.#changeClock(this.now(), rate);
  }

  /**
   * The monotonic clock jumps ahead by `ms`, as that of a guest does whose machine was moved: timers that it passes are due now.
   *
   * @throws {RangeError} for a clock that would go back
   */
  jumpClock(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`a monotonic clock jumps ahead by ${ms} ms`);
    this.#changeClock(this.now() + ms, this.#rate);
  }

  /** The process stands still: what is due waits. */
  pause(options: PauseOptions = {}): void {
    if (this.#state !== 'running') return;
    this.#state = 'paused';
    this.#parked = this.#world.queue.removeSource(this.source);
    if (options.clock === 'stands-still') this.#stoodSinceMs = this.#world.now();
  }

  /** Ends a pause: all that fell due meanwhile happens now, in order; the rest at its time. */
  resume(): void {
    if (this.#state !== 'paused') return;
    const nowMs = this.#world.now();
    const stoodMs = nowMs - (this.#stoodSinceMs ?? nowMs);
    this.#stoodSinceMs = undefined;
    this.#anchorMs += stoodMs;
    this.#state = 'running';
    const parked = this.#parked;
    this.#parked = [];
    for (const event of parked) {
      event.timeMs += stoodMs;
      if (event.timeMs <= nowMs) {
        event.timeMs = nowMs;
        event.sequence = this.#world.nextSequence();
      }
      this.#world.queue.push(event);
    }
  }

  /** The process is gone: nothing that it set or sets will happen. For crashes; there is no way back. */
  halt(): void {
    this.#state = 'halted';
    this.#parked = [];
    this.#world.queue.removeSource(this.source);
  }

  /** The world's time as this clock knows it: the time at which it stopped, while it stands still. */
  #clockMs(): number {
    return this.#stoodSinceMs ?? this.#world.now();
  }

  #localMs(worldMs: number): number {
    return this.#anchorLocalMs + (worldMs - this.#anchorMs) * this.#rate;
  }

  /** When this clock shows `localMs`: from `guessMs` on, since rounding must not let a timer fire early by its own clock. */
  #timeOf(localMs: number, guessMs: number): number {
    let atMs = guessMs;
    for (let step = 1e-6; this.#localMs(atMs) < localMs; step *= 2) atMs += step;
    return atMs;
  }

  /** The clock shows `localMs` now and goes on at `rate`; what is set keeps its local time. */
  #changeClock(localMs: number, rate: number): void {
    const nowMs = this.#clockMs();
    const events = this.#state === 'running' ? this.#world.queue.removeSource(this.source) : this.#parked;
    const dueMs = events.map((event) => this.#localMs(event.timeMs));
    this.#anchorMs = nowMs;
    this.#anchorLocalMs = localMs;
    this.#rate = rate;
    for (const [at, event] of events.entries()) {
      const due = dueMs[at] ?? 0;
      event.timeMs = due <= localMs ? nowMs : this.#timeOf(due, nowMs + (due - localMs) / rate);
      event.sequence = this.#world.nextSequence();
      if (this.#state === 'running') this.#world.queue.push(event);
    }
  }

  #schedule(timeMs: number, callback: () => void): VirtualEvent {
    const event: VirtualEvent = {
      timeMs,
      source: this.source,
      sequence: this.#world.nextSequence(),
      callback,
      slot: -1,
    };
    if (this.#state === 'running') this.#world.queue.push(event);
    else if (this.#state === 'paused') this.#park(event);
    return event;
  }

  #park(event: VirtualEvent): void {
    let at = this.#parked.length;
    while (at > 0 && (this.#parked[at - 1]?.timeMs ?? 0) > event.timeMs) at -= 1;
    this.#parked.splice(at, 0, event);
  }

  #cancel(event: VirtualEvent): void {
    if (event.slot >= 0) this.#world.queue.remove(event);
    else if (this.#state === 'paused') this.#parked = this.#parked.filter((parked) => parked !== event);
  }
}

function rateOf(driftPpm: number): number {
  const rate = 1 + driftPpm / 1_000_000;
  if (!(rate > 0 && rate < Infinity)) throw new RangeError(`a clock must go forward: drift of ${driftPpm} ppm`);
  return rate;
}
