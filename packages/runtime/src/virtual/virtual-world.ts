import { hostTurn } from '../host-turn.js';
import { checkedDelay } from '../runtime.js';
import { EventQueue } from './event-queue.js';
import { Prng } from './prng.js';
import { VirtualRuntime, type VirtualRuntimeOptions } from './virtual-runtime.js';

const WALL_CLOCK_START_MS_DEFAULT = 1_767_225_600_000;
const EVENTS_PER_INSTANT_MAX_DEFAULT = 1_000_000;
const DEADLINE_MS_DEFAULT = 60_000;
/** Macrotask hops that are asked for at once while a world is driven. */
const TURNS_AHEAD_MAX = 64;

/** Of a virtual world. */
export interface VirtualWorldOptions {
  /** Decides all chance of the world and of its runtimes (default 0). */
  readonly seed?: number | string;
  /** Wall clock at virtual time 0, in ms since 1970 (default 2026-01-01T00:00:00Z). */
  readonly wallClockStartMs?: number;
  /** So many events at one virtual instant are taken for an endless loop (default 1,000,000). */
  readonly eventsPerInstantMax?: number;
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
      let ahead = 0;
      let asked = 1;
      let over = false;
      const settle = (act: () => void): void => {
        over = true;
        this.#driven = false;
        act();
      };
      const turn = (): void => {
        if (over) return;
        ahead -= 1;
        try {
          const end = this.#next(limitMs, done);
          if (end !== undefined) settle(() => resolve(end));
          else if (ahead === 0) ask();
        } catch (error) {
          settle(() => reject(error));
        }
      };
      // Turns that are asked for together cost a tenth of turns that ask for each other, and drain microtasks between them all the same.
      const ask = (): void => {
        for (ahead = 0; ahead < asked; ahead++) hostTurn(turn);
        asked = Math.min(2 * asked, TURNS_AHEAD_MAX);
      };
      ask();
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
