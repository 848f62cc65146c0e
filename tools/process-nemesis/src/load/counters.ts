import type { FlotillaClient } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { sleep } from '../processes/until.js';

/** What is known of one key that counts up. */
interface Counter {
  readonly key: string;
  acknowledged: number;
  begun: number;
  group: number | undefined;
  /** Writes that may have been applied beyond those that were acknowledged. */
  unsure: number;
}

/** Between two writes of a counter, in ms. */
const REST_MS = 5;

/**
 * Many writers at once, each with a key of its own to which it writes 1, 2, 3, …: what is read at the end tells of each whether an
 * acknowledged write was lost, and the version of the key whether one was applied twice.
 */
export class Counters {
  readonly #counters: Counter[];
  readonly #signal: AbortSignal;
  acknowledged = 0;
  indeterminate = 0;

  constructor(prefix: string, writers: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#counters = Array.from({ length: writers }, (_, place) => ({
      key: `${prefix}${place}`,
      acknowledged: 0,
      begun: 0,
      group: undefined,
      unsure: 0,
    }));
  }

  /** Counts until the signal aborts. */
  async run(client: FlotillaClient): Promise<void> {
    await Promise.all(this.#counters.map(async (counter) => await this.#count(client, counter)));
  }

  async #count(client: FlotillaClient, counter: Counter): Promise<void> {
    while (!this.#signal.aborted) {
      const value = ++counter.begun;
      try {
        counter.group = (await client.put(counter.key, String(value))).group;
        counter.acknowledged = value;
        this.acknowledged++;
      } catch (error) {
        if (!(error instanceof FlotillaError)) throw error;
        if (error.outcome === 'unknown') {
          counter.unsure++;
          this.indeterminate++;
          // The write may arrive late, behind the next one: so there is no next one.
          return;
        }
      }
      await sleep(REST_MS, this.#signal);
    }
  }

  /** The keys with their groups, where known. */
  keys(): Map<string, number | undefined> {
    return new Map(this.#counters.map(({ key, group }) => [key, group]));
  }

  /** Reads all keys and returns what is wrong with them, in words. */
  async problems(client: FlotillaClient): Promise<string[]> {
    const found: string[] = [];
    await Promise.all(
      this.#counters.map(async ({ key, acknowledged, begun, unsure }) => {
        const pair = await client.get(key);
        const value = Number(pair?.text() ?? 0);
        if (value < acknowledged) found.push(`${key}: acknowledged ${acknowledged}, lost: it reads ${value}`);
        else if (value > begun) found.push(`${key}: reads ${value}, never written`);
        else if (value > acknowledged && unsure === 0) {
          found.push(`${key}: reads ${value}, which was refused for certain; acknowledged ${acknowledged}`);
        }
        if ((pair?.version ?? 0) > value)
          found.push(`${key}: reads ${value} at version ${pair?.version}: applied twice`);
      }),
    );
    return found;
  }
}
