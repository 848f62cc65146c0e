import { hostTurn } from '../host-turn.js';
import { checkedDelay, type Runtime, type Timer } from '../runtime.js';
import { EventQueue, type VirtualEvent } from './event-queue.js';
import { Prng } from './prng.js';

const WALL_CLOCK_START_MS_DEFAULT = 1_767_225_600_000;
const EVENTS_PER_INSTANT_MAX_DEFAULT = 1_000_000;
const DEADLINE_MS_DEFAULT = 60_000;

/** Of a virtual world. */
export interface VirtualWorldOptions {
  /** Decides all chance of the world and of its runtimes (default 0). */
  readonly seed?: number | string;
  /** Wall clock at virtual time 0, in ms since 1970 (default 2026-01-01T00:00:00Z). */
  readonly wallClockStartMs?: number;
  /** So many events at one virtual instant are taken for an endless loop (default 1,000,000). */
  readonly eventsPerInstantMax?: number;
}

/** Of one runtime of a virtual world. */
export interface VirtualRuntimeOptions {
  /** What its monotonic clock shows at virtual time 0, in ms (default 0). */
  readonly offsetMs?: number;
  /** How much faster its clock runs than the world's, in millionths, above -1,000,000 (default 0). */
  readonly driftPpm?: number;
  /** How far its wall clock is ahead of the world's, in ms (default 0). */
  readonly wallClockOffsetMs?: number;
}

/** Thrown by a world whose condition did not come true: in time, or before nothing was left to happen. */
export class VirtualDeadline extends Error {
  override readonly name = 'VirtualDeadline';
}

/**
 * Virtual time: one queue of events, shared by the runtimes of all nodes of a world. Time stands still until the world is
 * driven, by one driver at a time: `advance`, `runUntil`, `settle` or `step`.
 *
 * Events happen in the order of (time, source, sequence), where the source is the number of the runtime in order of
 * creation. Before each event, and before a condition is looked at, all microtasks are drained by a real macrotask hop,
 * so that nothing depends on how long a host takes for promises; what waits for real I/O is not seen.
 */
export class VirtualWorld {
  /** Chance for whatever belongs to the world and to no node: networks, faults, schedules. */
  readonly prng: Prng;
  readonly #wallClockStartMs: number;
  readonly #eventsPerInstantMax: number;
  readonly #queue: EventQueue = new EventQueue();
  #nowMs = 0;
  #sources = 0;
  #sequence = 0;
  #eventsAtInstant = 0;
  #driven = false;

  constructor(options: VirtualWorldOptions = {}) {
    this.prng = new Prng(options.seed ?? 0);
    this.#wallClockStartMs = options.wallClockStartMs ?? WALL_CLOCK_START_MS_DEFAULT;
    this.#eventsPerInstantMax = options.eventsPerInstantMax ?? EVENTS_PER_INSTANT_MAX_DEFAULT;
  }

  /** Virtual ms since the world began. */
  now(): number {
    return this.#nowMs;
  }

  /** Events that wait for their time. */
  get pending(): number {
    return this.#queue.size;
  }

  /** A runtime for one more node (or network, or client) of this world. */
  createRuntime(options: VirtualRuntimeOptions = {}): VirtualRuntime {
    this.#sources += 1;
    const source = this.#sources;
    return new VirtualRuntime(
      {
        source,
        prng: this.prng.fork(source),
        queue: this.#queue,
        now: () => this.#nowMs,
        wallClock: () => this.#wallClockStartMs + this.#nowMs,
        nextSequence: () => ++this.#sequence,
      },
      options,
    );
  }

  /** Drains all microtasks, then does the next event, if there is one, and drains again. Resolves with whether there was one. */
  async step(): Promise<boolean> {
    let done = 0;
    const size = this.#queue.size;
    await this.#drive(Infinity, () => done++ === 1);
    return size > 0;
  }

  /** Does all events of the next `ms` of virtual time, those that they bring about included, and moves the clock to its end. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + checkedDelay(ms);
    await this.#drive(endMs, () => false);
    this.#nowMs = endMs;
  }

  /**
   * Does events until the condition holds; it is looked at before the first event and after each one.
   *
   * @throws {VirtualDeadline} when it does not hold within `deadlineMs` of virtual time (default 60,000), or when nothing is left to happen.
   */
  async runUntil(condition: () => boolean, options: { readonly deadlineMs?: number } = {}): Promise<void> {
    const deadlineMs = options.deadlineMs ?? DEADLINE_MS_DEFAULT;
    const startMs = this.#nowMs;
    const end = await this.#drive(startMs + deadlineMs, condition);
    if (end === 'done') return;
    if (end === 'limit') this.#nowMs = startMs + deadlineMs;
    const why = end === 'idle' ? 'nothing is left to happen' : `${deadlineMs} virtual ms have passed`;
    throw new VirtualDeadline(`the condition does not hold at ${this.#nowMs} ms, and ${why}`);
  }

  /**
   * Does events until the promise settles, and settles as it does.
   *
   * @throws {VirtualDeadline} as `runUntil`.
   */
  async settle<T>(promise: PromiseLike<T>, options: { readonly deadlineMs?: number } = {}): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.runUntil(() => settled, options);
    return promise;
  }

  #drive(limitMs: number, done: () => boolean): Promise<'done' | 'limit' | 'idle'> {
    if (this.#driven) throw new Error('a virtual world is driven by one driver at a time');
    this.#driven = true;
    return new Promise<'done' | 'limit' | 'idle'>((resolve, reject) => {
      const next = (): void => {
        try {
          const end = this.#next(limitMs, done);
          if (end === undefined) return hostTurn(next);
          this.#driven = false;
          resolve(end);
        } catch (error) {
          this.#driven = false;
          reject(error);
        }
      };
      hostTurn(next);
    });
  }

  #next(limitMs: number, done: () => boolean): 'done' | 'limit' | 'idle' | undefined {
    if (done()) return 'done';
    const event = this.#queue.peek();
    if (event === undefined) return 'idle';
    if (event.timeMs > limitMs) return 'limit';
    this.#queue.pop();
    if (event.timeMs > this.#nowMs) {
      this.#nowMs = event.timeMs;
      this.#eventsAtInstant = 0;
    }
    this.#eventsAtInstant += 1;
    if (this.#eventsAtInstant > this.#eventsPerInstantMax) {
      throw new Error(
        `more than ${this.#eventsPerInstantMax} events at ${this.#nowMs} ms, the last by source ${event.source}: an endless loop`,
      );
    }
    event.callback();
    return undefined;
  }
}

interface WorldSide {
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
  readonly #offsetMs: number;
  readonly #rate: number;
  #wallClockOffsetMs: number;
  #state: 'running' | 'paused' | 'halted' = 'running';
  #parked: VirtualEvent[] = [];

  /** Not for callers: use `VirtualWorld.createRuntime`. */
  constructor(world: WorldSide, options: VirtualRuntimeOptions) {
    this.source = world.source;
    this.#world = world;
    this.#offsetMs = options.offsetMs ?? 0;
    this.#rate = 1 + (options.driftPpm ?? 0) / 1_000_000;
    if (!(this.#rate > 0)) throw new RangeError(`a clock must go forward: drift of ${options.driftPpm} ppm`);
    this.#wallClockOffsetMs = options.wallClockOffsetMs ?? 0;
  }

  now(): number {
    return this.#localMs(this.#world.now());
  }

  #localMs(worldMs: number): number {
    return this.#offsetMs + worldMs * this.#rate;
  }

  wallClock(): number {
    return this.#world.wallClock() + this.#wallClockOffsetMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const delay = checkedDelay(delayMs);
    const dueMs = this.now() + delay;
    let atMs = this.#world.now() + delay / this.#rate;
    // Rounding must not let the timer fire early by its own clock.
    for (let step = 1e-6; this.#localMs(atMs) < dueMs; step *= 2) atMs += step;
    const event = this.#schedule(atMs, callback);
    return { cancel: () => this.#cancel(event) };
  }

  nextTurn(callback: () => void): void {
    this.#schedule(this.#world.now(), callback);
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

  /** The process stands still: what is due waits. Its clock goes on, as a stopped process's does. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'paused';
    this.#parked = this.#world.queue.removeSource(this.source);
  }

  /** Ends a pause: all that fell due meanwhile happens now, in order; the rest at its time. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const parked = this.#parked;
    this.#parked = [];
    const nowMs = this.#world.now();
    for (const event of parked) {
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
