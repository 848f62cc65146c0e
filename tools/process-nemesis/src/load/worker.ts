import { compare, type Consistency, type FlotillaClient, missing, op } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import type { Prng } from '@flotilla/runtime/virtual';
import { sleep } from '../processes/until.js';
import type { KeyRing } from './key-ring.js';
import type { Ledger } from './ledger.js';
import type { Answer, Request } from './operation.js';
import { connect, type TestClientOptions } from './test-client.js';

/** What a worker does: a bit of everything, or nothing but reads, as fast as it gets them. */
export type Habit = 'mixed' | 'reads';

/** Between two operations of a worker, in ms at most. */
const THINK_MS: Readonly<Record<Habit, number>> = { mixed: 12, reads: 4 };

/** What a worker is made of. */
export interface WorkerOptions {
  readonly name: string;
  readonly habit: Habit;
  readonly keys: KeyRing;
  readonly ledger: Ledger;
  readonly random: Prng;
  readonly connection: TestClientOptions;
  /** Ends the load. */
  readonly signal: AbortSignal;
}

/** A client that does one thing after the other, and writes down what it asked and what it was told. */
export class Worker {
  readonly #options: WorkerOptions;
  /** What was last seen of a key, so that a compare-and-set has a chance. */
  readonly #seen = new Map<string, string | null>();
  #written = 0;
  #process = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** Works until the signal aborts. */
  async run(): Promise<void> {
    const { connection, signal, keys, random, habit } = this.#options;
    await using connected = await connect(connection);
    if (connected === undefined) return;
    while (!signal.aborted) {
      await this.#do(connected.client, keys.draw(random));
      await sleep(random.float() * THINK_MS[habit], signal);
    }
  }

  async #do(client: FlotillaClient, key: string): Promise<void> {
    const { name, ledger, keys } = this.#options;
    const request = this.#draw(key);
    const call = ledger.recorder.invoke(`${name}.${this.#process}`, request);
    try {
      const answer = await this.#ask(client, key, request);
      ledger.recorder.ok(call, answer);
      ledger.outcomes.ok++;
      const value = written(request);
      if (value !== undefined && answer !== false) ledger.acknowledged.set(value, key);
      this.#learn(key, request, answer);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      if (UNEXPECTED.has(error.code)) ledger.complaints.push(`${name}: ${request.type} of ${key}: ${error.message}`);
      this.#seen.delete(key);
      if (error.outcome === 'definite') {
        const value = written(request);
        if (value !== undefined) ledger.refused.set(value, `${key}, by ${name}: ${error.message}`);
        ledger.recorder.fail(call);
        ledger.outcomes.failed++;
      } else {
        // Whoever does not know what became of its last call is another process from now on.
        ledger.recorder.info(call);
        ledger.outcomes.indeterminate++;
        keys.indeterminate(key);
        this.#process++;
      }
    }
  }

  #draw(key: string): Request {
    const { random, name, habit } = this.#options;
    const value = (): string => `${name}.${++this.#written}`;
    const chance = random.float();
    if (habit === 'reads' || chance < 0.3) return { type: 'get', key };
    if (chance < 0.6) return { type: 'put', key, value: value() };
    const seen = this.#seen.get(key);
    if (chance < 0.92 && seen !== undefined) return { type: 'cas', key, from: seen, to: value() };
    return chance < 0.94 ? { type: 'delete', key } : { type: 'put', key, value: value() };
  }

  async #ask(client: FlotillaClient, key: string, request: Request): Promise<Answer> {
    const { ledger, random } = this.#options;
    switch (request.type) {
      case 'get': {
        // A read of a follower is confirmed by the leader first: it must be as fresh as one of the leader.
        const consistency: Consistency = random.chance(0.4) ? 'follower' : 'linearizable';
        return (await client.get(key, { consistency }))?.text() ?? null;
      }
      case 'put':
        ledger.groups.set(key, (await client.put(key, request.value)).group);
        return null;
      case 'cas': {
        const { from, to } = request;
        const condition = from === null ? missing(key) : compare(key, 'value', '=', from);
        return (await client.txn().if(condition).do(op.put(key, to)).commit()).succeeded;
      }
      case 'delete':
        return (await client.delete(key)).deleted > 0;
    }
  }

  #learn(key: string, request: Request, answer: Answer): void {
    switch (request.type) {
      case 'get':
        this.#seen.set(key, typeof answer === 'string' ? answer : null);
        return;
      case 'put':
        this.#seen.set(key, request.value);
        return;
      case 'cas':
        if (answer === true) this.#seen.set(key, request.to);
        else this.#seen.delete(key);
        return;
      case 'delete':
        this.#seen.set(key, null);
        return;
    }
  }
}

/** Codes that no fault of ours explains. */
const UNEXPECTED: ReadonlySet<string> = new Set([
  'Internal',
  'MalformedFrame',
  'UnexpectedResponse',
  'WrongCluster',
  'StorageCorrupt',
]);

/** The value that a request would write. */
function written(request: Request): string | undefined {
  if (request.type === 'put') return request.value;
  return request.type === 'cas' ? request.to : undefined;
}
