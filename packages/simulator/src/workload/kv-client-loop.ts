import { compare, type FlotillaClient, type KeyValuePair, missing, op, type WriteResult } from '@flotilla/client';
import { type FlotillaError, isFlotillaError } from '@flotilla/errors';
import { delay } from '@flotilla/runtime';
import type { Prng, VirtualRuntime } from '@flotilla/runtime/virtual';
import { violated } from '../invariants/invariant.js';
import type { ClientInput, ClientOperation, ClientOutput } from './client-history.js';
import { KEY_PREFIX, type KvRun, PAIR, PAIR_PREFIX } from './kv-run.js';
import { mark, markedValue, meaning } from './operation-mark.js';

/** A value that is written again and again. */
const SHARED = 'shared';
/** Lists that grow beyond it are begun anew. */
const LIST_MAX = 160;
/** More than a sector of a disk. */
const LARGE_BYTES = 6_000;

/** How fast a loop goes. */
export interface Pace {
  /** Operations that follow each other at once. */
  readonly burst: number;
  /** Mean pause for each operation, in virtual ms. */
  readonly pauseMs: number;
}

/** What a loop works with. */
export interface LoopOptions {
  readonly client: FlotillaClient;
  /** Its name in the history. */
  readonly process: string;
  readonly runtime: VirtualRuntime;
  readonly prng: Prng;
  readonly pace: Pace;
}

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One sequential user of a client: does one operation after the other, of all kinds, and writes down what it was told. */
export class KvClientLoop {
  readonly #run: KvRun;
  readonly #client: FlotillaClient;
  readonly #process: string;
  readonly #runtime: VirtualRuntime;
  readonly #prng: Prng;
  readonly #pace: Pace;
  /** By key: what was last read, for writes that build on it. */
  readonly #known = new Map<string, KeyValuePair | undefined>();

  constructor(run: KvRun, options: LoopOptions) {
    this.#run = run;
    this.#client = options.client;
    this.#process = options.process;
    this.#runtime = options.runtime;
    this.#prng = options.prng;
    this.#pace = options.pace;
  }

  /** Goes on until the run is over. */
  async run(): Promise<void> {
    while (!this.#run.isOver) {
      await this.#pause();
      for (let left = this.#pace.burst; left > 0 && !this.#run.isOver; left--) {
        try {
          await this.#operate();
        } catch (error) {
          this.#run.found(error);
        }
        if (left > 1) await delay(this.#runtime, this.#prng.integer(1, 30));
      }
    }
  }

  /** Whoever operates in bursts does so when all the others do. */
  #pause(): Promise<void> {
    const { burst, pauseMs } = this.#pace;
    if (burst === 1) return delay(this.#runtime, this.#prng.integer(1, 2 * pauseMs));
    const period = burst * pauseMs;
    return delay(this.#runtime, period - (this.#runtime.now() % period) + this.#prng.integer(0, 50));
  }

  #operate(): Promise<void> {
    const key = this.#prng.pick(this.#run.keys);
    const draw = this.#prng.integer(0, 100);
    if (draw < 20) return this.#put(key);
    if (draw < 38) return this.#get(key);
    if (draw < 50) return this.#append(key);
    if (draw < 62) return this.#replace(key);
    if (draw < 67) return this.#delete(key);
    if (draw < 69) return this.#deletePlainly(key);
    if (draw < 71) return this.#putShared(key);
    if (draw < 76) return this.#writePair();
    if (draw < 84) return this.#range(this.#prng.pick([PAIR_PREFIX, KEY_PREFIX, KEY_PREFIX]));
    if (draw < 94) return this.#readStale();
    if (draw < 98) return this.#readOld(key);
    return this.#compact(key);
  }

  // Writes

  async #put(key: string): Promise<void> {
    const number = this.#run.history.nextNumber();
    const value = markedValue(number, this.#valueBytes());
    await this.#write(
      key,
      number,
      { type: 'put', key, value: meaning(value) },
      {
        send: (limits) => this.#client.put(key, value, limits),
        output: () => null,
      },
    );
  }

  async #putShared(key: string): Promise<void> {
    const number = this.#run.history.nextNumber();
    await this.#write(
      key,
      number,
      { type: 'put', key, value: SHARED },
      {
        send: (limits) => this.#client.txn({ compares: [mark(key, number)], success: [op.put(key, SHARED)] }, limits),
        output: () => null,
      },
    );
  }

  async #delete(key: string): Promise<void> {
    const number = this.#run.history.nextNumber();
    await this.#write(
      key,
      number,
      { type: 'delete', key },
      {
        send: (limits) => this.#client.txn({ compares: [mark(key, number)], success: [op.delete(key)] }, limits),
        output: ({ results: [first] }) => first?.kind === 'delete' && first.deleted > 0,
      },
    );
  }

  /** Not in a transaction: the log does not say whose it is. */
  async #deletePlainly(key: string): Promise<void> {
    const { history } = this.#run;
    const operation = history.begin(this.#process, history.nextNumber(), { type: 'delete', key }, 'unmarked');
    const result = await this.#outcome(operation, (limits) => this.#client.delete(key, limits));
    if (result !== undefined) history.answered(operation, result.deleted > 0);
  }

  /** Adds to the list that the key was last seen to hold, if it still does by its revision. */
  async #append(key: string): Promise<void> {
    const known = this.#known.get(key);
    const before = known === undefined ? '' : meaning(known.text());
    if (before === SHARED) return this.#get(key);
    const number = this.#run.history.nextNumber();
    const value = markedValue(number, 0, before.length > LIST_MAX ? '' : before);
    const condition = compare(key, 'mod', '=', known?.modRevision ?? 0);
    await this.#compareAndSet(key, number, { condition, from: known === undefined ? null : before, value });
  }

  /** Puts another value in place of the one that the key was last seen to hold, if it still does. */
  async #replace(key: string): Promise<void> {
    const known = this.#known.get(key);
    const number = this.#run.history.nextNumber();
    const value = markedValue(number, this.#valueBytes());
    const condition = known === undefined ? missing(key) : compare(key, 'value', '=', known.value);
    await this.#compareAndSet(key, number, {
      condition,
      from: known === undefined ? null : meaning(known.text()),
      value,
    });
  }

  async #compareAndSet(
    key: string,
    number: number,
    { condition, from, value }: { condition: ReturnType<typeof compare>; from: string | null; value: string },
  ): Promise<void> {
    const callAt = this.#run.history.now();
    const result = await this.#write(
      key,
      number,
      { type: 'cas', key, from, to: meaning(value) },
      {
        send: (limits) =>
          this.#client.txn(
            { compares: [mark(key, number), condition], success: [op.put(key, value)], failure: [op.get(key)] },
            limits,
          ),
        output: ({ succeeded }) => succeeded,
      },
    );
    const [first] = result?.results ?? [];
    if (first?.kind === 'put') this.#known.delete(key);
    if (first?.kind !== 'range') return;
    // Whoever was refused saw why.
    this.#saw(key, first.kvs[0], callAt);
  }

  /** Writes two keys in one step. */
  async #writePair(): Promise<void> {
    const [first, second] = PAIR;
    const { history, applied } = this.#run;
    const number = history.nextNumber();
    const value = markedValue(number, 0);
    const operation = history.begin(this.#process, number, { type: 'put', key: first, value }, 'write');
    const twin = history.begin(`${this.#process}'`, number, { type: 'put', key: second, value }, 'write');
    const floors = this.#run.floors();
    const result = await this.#outcome(operation, (limits) =>
      this.#client.txn(
        { compares: [mark(first, number)], success: [op.put(first, value), op.put(second, value)] },
        limits,
      ),
    );
    twin.outcome = operation.outcome;
    if (result === undefined) return;
    history.answered(operation, null);
    twin.outcome = operation.outcome;
    this.#run.acknowledged(operation, first, result, floors);
    if (applied.find(number)?.answer.kind !== 'txn')
      violated('acknowledged-write', `operation ${number} is no transaction`);
  }

  async #write<Result extends WriteResult>(
    key: string,
    number: number,
    input: ClientInput,
    how: { readonly send: (limits: Limits) => Promise<Result>; readonly output: (result: Result) => ClientOutput },
  ): Promise<Result | undefined> {
    const operation = this.#run.history.begin(this.#process, number, input, 'write');
    const floors = this.#run.floors();
    const result = await this.#outcome(operation, how.send);
    if (result === undefined) return undefined;
    this.#run.history.answered(operation, how.output(result));
    this.#run.acknowledged(operation, key, result, floors);
    return result;
  }

  // Reads

  async #get(key: string): Promise<void> {
    const { history } = this.#run;
    const operation = history.begin(this.#process, history.nextNumber(), { type: 'get', key }, 'read');
    const consistency = this.#prng.pick(['linearizable', 'linearizable', 'follower'] as const);
    let pair: KeyValuePair | undefined;
    const answered = await this.#outcome(operation, async (limits) => {
      pair = await this.#client.get(key, { ...limits, consistency });
      return true;
    });
    if (answered === undefined) return;
    history.answered(operation, pair === undefined ? null : meaning(pair.text()));
    this.#known.set(key, pair);
    this.#run.seen(pair);
  }

  /** All keys at once: each group's part is of one revision, and each key's is a read of that key. */
  async #range(prefix: string): Promise<void> {
    const floors = this.#run.floors();
    const callAt = this.#run.history.now();
    const consistency = this.#prng.pick(['linearizable', 'linearizable', 'follower'] as const);
    const result = await this.#ask((limits) => this.#client.range({ prefix }, { ...limits, consistency }));
    if (result === undefined) return;
    const byKey = new Map(result.kvs.map((pair) => [pair.keyText(), pair]));
    for (const key of prefix === PAIR_PREFIX ? PAIR : this.#run.keys) this.#saw(key, byKey.get(key), callAt);
    this.#run.ranged(prefix, result.kvs, result.revisions, floors);
  }

  /** What some replica has applied, however old: whole revisions that were. */
  async #readStale(): Promise<void> {
    const prefix = this.#prng.pick([PAIR_PREFIX, KEY_PREFIX]);
    const result = await this.#ask((limits) => this.#client.range({ prefix }, { ...limits, consistency: 'stale' }));
    if (result !== undefined) this.#run.ranged(prefix, result.kvs, result.revisions, 'stale');
  }

  /** A revision that is past: what it held then, unless it was compacted. */
  async #readOld(key: string): Promise<void> {
    const group = this.#run.groupOf(key);
    if (group === undefined) return;
    const store = this.#run.applied.store(group);
    const revision = Math.max(1, store.revision - this.#prng.integer(0, 30));
    let pair: KeyValuePair | undefined;
    let refusal: FlotillaError | undefined;
    const answered = await this.#ask(
      async (limits) => {
        pair = await this.#client.get(key, { ...limits, revision });
        return true;
      },
      (error) => (refusal = error),
    );
    if (refusal?.code === 'FutureRevision') {
      violated(
        'read-of-revision',
        `revision ${revision} of group ${group} was applied, and a read found it in the future`,
      );
    }
    if (answered === undefined) return;
    const expected = store.at(key, revision);
    if (expected?.modRevision !== pair?.modRevision) {
      violated(
        'read-of-revision',
        `${key} at revision ${revision} of group ${group} was read as written at ${pair?.modRevision ?? 'none'}, and was at ${expected?.modRevision ?? 'none'}`,
      );
    }
    this.#run.seen(pair);
  }

  async #compact(key: string): Promise<void> {
    const group = this.#run.groupOf(key);
    if (group === undefined) return;
    const revision = this.#run.applied.store(group).revision - this.#prng.integer(0, 40);
    if (revision > 1) await this.#ask((limits) => this.#client.compact({ group, revision }, limits));
  }

  /** Something was read beside: it counts as a read of its own, at some instant since `callAt`. */
  #saw(key: string, pair: KeyValuePair | undefined, callAt: number): void {
    const { history } = this.#run;
    this.#known.set(key, pair);
    this.#run.seen(pair);
    history.sawAside(
      `${this.#process} ${key}`,
      { type: 'get', key },
      pair === undefined ? null : meaning(pair.text()),
      callAt,
    );
  }

  // Outcomes

  /** The result, or undefined where the operation failed, which is then written down. */
  async #outcome<Result>(
    operation: ClientOperation,
    send: (limits: Limits) => Promise<Result>,
  ): Promise<Result | undefined> {
    return this.#ask(send, (error) => this.#run.history.failed(operation, error));
  }

  async #ask<Result>(
    send: (limits: Limits) => Promise<Result>,
    refused?: (error: FlotillaError) => void,
  ): Promise<Result | undefined> {
    const patience = new AbortController();
    const timeoutMs = this.#prng.pick([300, 2_000, 10_000]);
    const isImpatient = this.#prng.chance(0.05);
    const timer = isImpatient
      ? this.#runtime.setTimer(this.#prng.integer(1, 500), () => patience.abort(new Error('the client gave up')))
      : undefined;
    try {
      return await send({ timeoutMs, ...(isImpatient ? { signal: patience.signal } : {}) });
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
      refused?.(error);
      return undefined;
    } finally {
      timer?.cancel();
    }
  }

  #valueBytes(): number {
    if (this.#prng.chance(0.01)) return LARGE_BYTES;
    return this.#prng.integer(0, this.#run.plan.valueBytes + 1);
  }
}
