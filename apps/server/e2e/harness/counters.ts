import type { FlotillaClient } from '@flotilla/client';

/** What is known of one key that counts up. */
interface Counter {
  readonly key: string;
  /** The highest value whose write was acknowledged. */
  acknowledged: number;
  /** The highest value whose write was begun. */
  begun: number;
  /** A write ended without saying whether it was applied. */
  isUnsure: boolean;
}

/** An acknowledged write. */
export interface Acknowledgement {
  readonly group: number;
  /** ms of `performance.now()` when the write was begun and acknowledged. */
  readonly begun: number;
  readonly at: number;
}

/**
 * Writers under load: each has a key of its own and writes 1, 2, 3, … to it, one after the other. So a value that is read tells
 * which writes were lost, and the version of the key whether one was applied twice.
 */
export class CountingLoad {
  readonly #client: FlotillaClient;
  readonly #counters: Counter[];
  readonly #ended: Promise<unknown>;
  readonly #watchers = new Set<(acknowledgement: Acknowledgement) => void>();
  readonly errors: unknown[] = [];
  #stopping = false;
  acknowledged = 0;

  constructor(client: FlotillaClient, name: string, writers: number) {
    this.#client = client;
    this.#counters = Array.from({ length: writers }, (_, place) => ({
      key: `${name}/${place}`,
      acknowledged: 0,
      begun: 0,
      isUnsure: false,
    }));
    this.#ended = Promise.all(this.#counters.map(async (counter) => await this.#write(counter)));
  }

  async #write(counter: Counter): Promise<void> {
    while (!this.#stopping) {
      const value = counter.begun + 1;
      counter.begun = value;
      const begun = performance.now();
      try {
        const { group } = await this.#client.put(counter.key, String(value));
        counter.acknowledged = value;
        this.acknowledged++;
        const acknowledgement = { group, begun, at: performance.now() };
        for (const watcher of this.#watchers) watcher(acknowledgement);
      } catch (error) {
        // Retried by the client for as long as that is safe: the writer ends here, and what it began may or may not be there.
        counter.isUnsure = true;
        this.errors.push(error);
        return;
      }
    }
  }

  /** Resolves at the first acknowledgement that `wanted` takes. */
  async next(wanted: (acknowledgement: Acknowledgement) => boolean): Promise<Acknowledgement> {
    return await new Promise((resolve) => {
      const watcher = (acknowledgement: Acknowledgement): void => {
        if (!wanted(acknowledgement)) return;
        this.#watchers.delete(watcher);
        resolve(acknowledgement);
      };
      this.#watchers.add(watcher);
    });
  }

  /** Begins no further write, and waits for those under way. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#ended;
  }

  /** Reads all keys through `client` and returns what is wrong with them, in words. */
  async problems(client: FlotillaClient): Promise<string[]> {
    const found = await Promise.all(
      this.#counters.map(async ({ key, acknowledged, begun, isUnsure }) => {
        const pair = await client.get(key);
        const value = Number(pair?.text() ?? 0);
        const version = pair?.version ?? 0;
        if (value < acknowledged) return `${key}: acknowledged ${acknowledged}, lost: it reads ${value}`;
        if (value > begun) return `${key}: reads ${value}, never written`;
        if (value > acknowledged && !isUnsure) return `${key}: reads ${value}, acknowledged ${acknowledged}`;
        if (version !== value) return `${key}: ${value} writes were applied ${version} times`;
        return undefined;
      }),
    );
    return found.filter((problem) => problem !== undefined);
  }
}
