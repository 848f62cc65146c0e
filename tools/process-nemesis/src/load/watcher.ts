import type { FlotillaClient, KeyValuePair, WatchBatch } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { until } from '../processes/until.js';

/** What a watch told of one key. */
interface Watched {
  /** 0: it does not exist. */
  version: number;
  revision: number;
  value: string | null;
}

/** Follows every change below a prefix, and holds each event against those before it. */
export class Watcher {
  readonly #name: string;
  readonly #prefix: string;
  readonly #keys = new Map<string, Watched>();
  /** Revision of each group up to which all events were given. */
  readonly #revisions = new Map<number, number>();
  readonly #values = new Set<string>();
  /** What was wrong, in words. */
  readonly problems: string[] = [];
  events = 0;

  constructor(name: string, prefix: string) {
    this.#name = name;
    this.#prefix = prefix;
  }

  /** Watches until the signal aborts; `begun` resolves once every change to come will be told. */
  async run(client: FlotillaClient, begun: () => void, signal: AbortSignal): Promise<void> {
    const watch = client.watch({ prefix: this.#prefix }, { signal });
    try {
      await watch.started;
      begun();
      for await (const batch of watch) this.#take(batch);
    } catch (error) {
      if (!signal.aborted) {
        if (!(error instanceof FlotillaError)) throw error;
        this.#problem(`ended by itself: ${error.message}`);
      }
    } finally {
      begun();
      watch.close();
    }
  }

  #take({ group, revision, events }: WatchBatch): void {
    const before = this.#revisions.get(group) ?? -1;
    for (const { type, kv } of events) {
      this.events++;
      if (kv.modRevision <= before)
        this.#problem(`${where(kv)} of group ${group} again, or late: ${before} was reached`);
      if (kv.modRevision > revision) this.#problem(`${where(kv)} of group ${group} in a batch up to ${revision}`);
      this.#event(type, kv);
    }
    if (revision < before) this.#problem(`group ${group} went back from revision ${before} to ${revision}`);
    this.#revisions.set(group, Math.max(before, revision));
  }

  #event(type: 'put' | 'delete', kv: KeyValuePair): void {
    const key = kv.keyText();
    const known = this.#keys.get(key) ?? { version: 0, revision: 0, value: null };
    if (kv.modRevision <= known.revision)
      this.#problem(`${where(kv)} after revision ${known.revision} of the same key`);
    if (type === 'delete') {
      if (known.version === 0) this.#problem(`${where(kv)} deletes what was not there: events are missing`);
      this.#keys.set(key, { version: 0, revision: kv.modRevision, value: null });
      return;
    }
    const value = kv.text();
    // Versions count the writes of a key since it was last absent: a gap is an event that was not given.
    if (kv.version !== known.version + 1) {
      this.#problem(`${where(kv)} has version ${kv.version} after ${known.version}: events are missing or came twice`);
    }
    if (this.#values.has(`${key}=${value}`)) this.#problem(`${where(kv)}: ${value} was written twice`);
    this.#values.add(`${key}=${value}`);
    this.#keys.set(key, { version: kv.version, revision: kv.modRevision, value });
  }

  #problem(text: string): void {
    // The first ones tell what happened, all further ones follow from it.
    if (this.problems.length < 20) this.problems.push(`watch ${this.#name}: ${text}`);
  }

  /** Waits until it has told of the state that was read at the end. Whatever is missing then is a problem. */
  async reaches(final: ReadonlyMap<string, KeyValuePair | undefined>, deadlineMs: number): Promise<void> {
    const missing = (): string[] => {
      const found: string[] = [];
      for (const [key, pair] of final) {
        const { revision, version } = this.#keys.get(key) ?? { revision: 0, version: 0 };
        if (pair === undefined ? version !== 0 : revision !== pair.modRevision) {
          found.push(`${key} is at revision ${pair?.modRevision ?? 'none'}, the watch told of ${revision}`);
        }
      }
      return found;
    };
    await until(`watch ${this.#name} tells of everything`, () => missing().length === 0, deadlineMs).catch(() => {
      for (const text of missing().slice(0, 5)) this.#problem(text);
    });
  }

  /** Compares what was told with what clients were told of their writes. */
  compare(acknowledged: ReadonlyMap<string, string>, refused: ReadonlyMap<string, string>): void {
    for (const [value, key] of acknowledged) {
      if (!this.#values.has(`${key}=${value}`))
        this.#problem(`never told of ${value}, whose write to ${key} was acknowledged`);
    }
    for (const [value, where] of refused) {
      const [key = ''] = where.split(',');
      if (this.#values.has(`${key}=${value}`)) {
        this.#problem(`told of ${value}, whose write was refused for certain (${where})`);
      }
    }
  }
}

function where(kv: KeyValuePair): string {
  return `${kv.keyText()} at revision ${kv.modRevision}`;
}
