import { FlotillaError } from '@flotilla/errors';
import type { Prng } from '@flotilla/runtime/virtual';
import type { Fleet } from '../processes/fleet.js';
import { sleep } from '../processes/until.js';
import { Counters } from './counters.js';
import { KeyRing } from './key-ring.js';
import { Ledger } from './ledger.js';
import { connect } from './test-client.js';
import { Watcher } from './watcher.js';
import { type Habit, Worker } from './worker.js';

/** Clients that go wherever they are sent. */
const FLOATING = 3;
/** Writers of counters. */
const COUNTERS = 24;
/** Bytes of a value that fills logs. */
const BULK_BYTES = 256 * 1_024;
/** Keys that such values are written to. */
const BULK_KEYS = 16;
/** Such writes under way at the same time. */
const BULK_AT_ONCE = 12;
/** How long a client waits for one thing, in ms: short, so that many operations meet a fault, and long enough to outlast some. */
const REQUEST_MS = { floating: 6_000, pinned: 2_500, patient: 60_000 };

/** What load is made of. */
export interface LoadOptions {
  readonly fleet: Fleet;
  /** All keys begin with it. */
  readonly prefix: string;
  readonly random: Prng;
  /** Ends the load; what is under way is waited for. */
  readonly signal: AbortSignal;
  /** Ends the watches. */
  readonly watching: AbortSignal;
}

/** All clients of one round, and what they were told. */
export class Load {
  readonly ledger: Ledger = new Ledger();
  readonly keys: KeyRing;
  readonly counters: Counters;
  readonly watchers: readonly Watcher[];
  readonly #options: LoadOptions;

  constructor(options: LoadOptions) {
    this.#options = options;
    const { prefix, signal } = options;
    this.keys = new KeyRing(`${prefix}register/`);
    this.counters = new Counters(`${prefix}counter/`, COUNTERS, signal);
    this.watchers = ['floating', 'pinned'].map((name) => new Watcher(name, `${prefix}register/`));
  }

  /** Begins to watch, then to work. The first promise resolves when the watches have begun, `ended` when all work is done. */
  async start(): Promise<{ readonly ended: Promise<unknown>; readonly watched: Promise<unknown> }> {
    const { fleet, random } = this.#options;
    const places = fleet.places.filter((server) => server.isTaken);
    const begun: Promise<void>[] = [];
    const watched = Promise.all(
      this.watchers.map(async (watcher, place) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        begun.push(promise);
        await this.#watch(watcher, place === 0 ? undefined : places[0]?.listen, resolve);
      }),
    );
    await Promise.all(begun);
    const workers: Promise<void>[] = [this.#count()];
    for (let place = 0; place < FLOATING; place++)
      workers.push(this.#work(`f${place}`, 'mixed', undefined, random.fork(`f${place}`)));
    for (const { listen, place } of places) {
      workers.push(this.#work(`p${place}`, 'mixed', listen, random.fork(`p${place}`)));
      // A leader that was deposed and has not heard of it is asked as often as can be.
      workers.push(this.#work(`r${place}`, 'reads', listen, random.fork(`r${place}`)));
    }
    return { ended: Promise.all(workers), watched };
  }

  async #work(name: string, habit: Habit, pinnedTo: string | undefined, random: Prng): Promise<void> {
    const { fleet, signal } = this.#options;
    const isPinned = pinnedTo !== undefined;
    const worker = new Worker({
      name,
      habit,
      keys: this.keys,
      ledger: this.ledger,
      random,
      signal,
      connection: {
        endpoints: () => fleet.endpoints,
        pinnedTo,
        options: {
          // With sessions a write is sent again until its outcome is known, without them it ends as indeterminate.
          sessions: isPinned && random.chance(0.5) ? 'off' : 'on',
          requestTimeoutMs: isPinned ? REQUEST_MS.pinned : REQUEST_MS.floating,
          attemptTimeoutMs: 500,
        },
        signal,
      },
    });
    await worker.run();
  }

  async #count(): Promise<void> {
    const { fleet, signal } = this.#options;
    await using connected = await connect({
      endpoints: () => fleet.endpoints,
      pinnedTo: undefined,
      options: { requestTimeoutMs: REQUEST_MS.patient, attemptTimeoutMs: 1_000 },
      signal,
    });
    if (connected !== undefined) await this.counters.run(connected.client);
  }

  /** A watch is connected once, and has to get along with whatever happens after that. `stays`: it begins at that address. */
  async #watch(watcher: Watcher, stays: string | undefined, begun: () => void): Promise<void> {
    const { fleet, watching } = this.#options;
    await using connected = await connect({
      endpoints: () => (stays === undefined ? fleet.endpoints : [stays]),
      pinnedTo: undefined,
      options: {},
      signal: watching,
    });
    if (connected === undefined) begun();
    else await watcher.run(connected.client, begun, watching);
  }

  /** Writes large values until the signal aborts. */
  async fillLogs(signal: AbortSignal): Promise<void> {
    const { fleet, prefix } = this.#options;
    await using connected = await connect({
      endpoints: () => fleet.endpoints,
      pinnedTo: undefined,
      options: {},
      signal,
    });
    if (connected === undefined) return;
    const value = new Uint8Array(BULK_BYTES).fill(7);
    const write = async (place: number): Promise<void> => {
      for (let round = place; !signal.aborted; round += BULK_AT_ONCE) {
        try {
          await connected.client.put(`${prefix}bulk/${round % BULK_KEYS}`, value, { timeoutMs: 2_000, signal });
        } catch (error) {
          if (!(error instanceof FlotillaError)) throw error;
          await sleep(50, signal);
        }
      }
    };
    await Promise.all(Array.from({ length: BULK_AT_ONCE }, (_, place) => write(place)));
  }
}
