import type { FlotillaClient, Watch, WatchBatch, WatchedEvent } from '@flotilla/client';
import { equals } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import { delay } from '@flotilla/runtime';
import type { Prng, VirtualRuntime } from '@flotilla/runtime/virtual';
import { violated } from '../invariants/invariant.js';
import { KEY_PREFIX, type KvRun } from './kv-run.js';
import type { KeyVersion } from './reference-store.js';

/** All keys that clients contend for, of all groups; or one of them, from its first revision. */
export type WatchedKeys = { readonly kind: 'all' } | { readonly kind: 'one'; readonly key: string };

/** How long a watch that is at rest may take to have given everything, in virtual ms. */
const COMPLETE_MS = 60_000;

/**
 * Follows keys through one watch after the other, each from where the last one ended, and holds what they give against what was applied: every
 * change of every group once, in order, none left out, whole revisions only.
 */
export class KvWatcher {
  readonly #run: KvRun;
  readonly #client: FlotillaClient;
  readonly #runtime: VirtualRuntime;
  readonly #prng: Prng;
  readonly #keys: WatchedKeys;
  /** By group: all changes up to this revision were given. */
  #given = new Map<number, number>();
  /** The same when the cursor was taken. */
  #givenAtCursor: ReadonlyMap<number, number> = new Map();
  /** By group: a watch from now on may begin with any revision up to the one after this. */
  readonly #begunBy = new Map<number, number>();
  /** By group: how many of its changes need not be looked at again. */
  readonly #passed = new Map<number, number>();
  #watch: Watch | undefined;
  #cursor: string | undefined;
  /** Where a watch begins that has no cursor: with the first revision of all, or with the present one. */
  #beginning: 'first' | 'now';
  #isFinished = false;

  constructor(run: KvRun, options: { client: FlotillaClient; runtime: VirtualRuntime; prng: Prng; keys: WatchedKeys }) {
    this.#run = run;
    this.#client = options.client;
    this.#runtime = options.runtime;
    this.#prng = options.prng;
    this.#keys = options.keys;
    this.#beginning = options.keys.kind === 'one' ? 'first' : 'now';
  }

  /** Watches until it is finished. */
  async run(): Promise<void> {
    while (!this.#isFinished) {
      try {
        await this.#follow();
      } catch (error) {
        if (!isFlotillaError(error)) return this.#run.found(error);
        if (error.code === 'Compacted') this.#forget();
      }
      await delay(this.#runtime, this.#prng.integer(1, 200));
    }
  }

  /**
   * Once the cluster is at rest: waits until everything was given, and ends.
   * @throws {InvariantViolation} when that does not come about
   */
  async finish(): Promise<void> {
    const end = this.#runtime.now() + COMPLETE_MS;
    for (let missing = this.#missing(); missing !== undefined; missing = this.#missing()) {
      this.#run.endIfBroken();
      if (this.#runtime.now() > end) violated('watch-complete', missing);
      this.#watch?.requestProgress();
      await delay(this.#runtime, 500);
    }
    this.#isFinished = true;
    this.#watch?.close();
  }

  #missing(): string | undefined {
    for (const { group, revision, events } of this.#run.applied.stores) {
      const given = this.#given.get(group);
      if (given !== undefined && given >= revision) continue;
      if (this.#keys.kind === 'one' && !events.some((event) => this.#wants(event))) continue;
      return `a watch of ${this.#name()} gave group ${group} up to revision ${given ?? 'none'}, and it is at ${revision}`;
    }
    return undefined;
  }

  async #follow(): Promise<void> {
    const watch = this.#open();
    this.#watch = watch;
    const patience = this.#run.isOver ? undefined : this.#prng.pick([undefined, 500, 5_000, 30_000]);
    const timer =
      patience === undefined ? undefined : this.#runtime.setTimer(this.#prng.integer(1, patience), () => watch.close());
    void this.#begin(watch);
    try {
      for await (const batch of watch) {
        this.#take(batch);
        this.#keepCursor(watch);
      }
    } finally {
      timer?.cancel();
    }
  }

  #open(): Watch {
    const selector = this.#keys.kind === 'all' ? { prefix: KEY_PREFIX } : this.#keys.key;
    const options = { prevKv: this.#prng.chance(0.3), progress: this.#prng.chance(0.5) };
    this.#given = new Map(this.#cursor === undefined ? [] : this.#givenAtCursor);
    if (this.#cursor !== undefined) return this.#client.watch(selector, { ...options, cursor: this.#cursor });
    this.#begunBy.clear();
    return this.#client.watch(selector, this.#beginning === 'first' ? { ...options, startRevision: 1 } : options);
  }

  /** A watch from now on has begun: it must give what is applied from now on, and may give what was before. */
  async #begin(watch: Watch): Promise<void> {
    try {
      await watch.started;
    } catch (error) {
      // The iteration ends with the same.
      if (!isFlotillaError(error)) this.#run.found(error);
      return;
    }
    if (this.#cursor !== undefined || this.#watch !== watch) return;
    for (const { group, revision } of this.#run.applied.stores) {
      if (!this.#begunBy.has(group)) this.#begunBy.set(group, revision);
    }
    this.#keepCursor(watch);
  }

  /** A watch has no cursor before it has begun in every group. */
  #keepCursor(watch: Watch): void {
    if (watch.cursor === undefined) return;
    this.#cursor = watch.cursor;
    this.#givenAtCursor = new Map(this.#given);
  }

  /** What is still to be given was compacted. */
  #forget(): void {
    this.#cursor = undefined;
    this.#beginning = 'now';
  }

  #take({ group, revision, events }: WatchBatch): void {
    const { applied } = this.#run;
    const store = applied.store(group);
    const what = `a watch of ${this.#name()}, group ${group}, revision ${revision}:`;
    if (revision > store.revision) violated('watch', `${what} nobody applied more than ${store.revision}`);
    const from = this.#given.get(group) ?? this.#begins(group, revision, events);
    if (revision < from) violated('watch', `${what} revision ${from} was given before`);
    const wanted: KeyVersion[] = [];
    let at = this.#passed.get(group) ?? 0;
    // A watch that begins anew may begin before what was passed.
    if (at > 0 && (store.events[at - 1]?.revision ?? 0) > from) at = 0;
    for (; at < store.events.length; at++) {
      const event = store.events[at];
      if (event === undefined || event.revision > revision) break;
      if (event.revision > from && this.#wants(event)) wanted.push(event);
    }
    this.#passed.set(group, at);
    this.#given.set(group, revision);
    if (wanted.length === events.length && wanted.every((event, place) => isSame(event, events[place]))) return;
    const given = events.map(({ type, kv }) => `${type} ${kv.keyText()}@${kv.modRevision}`).join(' ');
    const due = wanted.map((event) => `${event.pair === undefined ? 'delete' : 'put'} ${event.key}@${event.revision}`);
    violated('watch', `${what} gave [${given}] after revision ${from}, where there is [${due.join(' ')}]`);
  }

  /** Where a watch without a cursor begins; one from now on before its first event, or with what it says to have given, but not after what it must give. */
  #begins(group: number, revision: number, events: readonly WatchedEvent[]): number {
    if (this.#beginning === 'first') return 0;
    const first = events[0]?.kv.modRevision;
    const before = first === undefined ? revision : first - 1;
    const latest = this.#begunBy.get(group);
    return latest === undefined ? before : Math.min(before, latest);
  }

  #wants({ key }: KeyVersion): boolean {
    return this.#keys.kind === 'all' ? key.startsWith(KEY_PREFIX) : key === this.#keys.key;
  }

  #name(): string {
    return this.#keys.kind === 'all' ? `${KEY_PREFIX}*` : this.#keys.key;
  }
}

function isSame({ key, revision, pair }: KeyVersion, event: WatchedEvent | undefined): boolean {
  if (event === undefined || event.kv.modRevision !== revision || event.kv.keyText() !== key) return false;
  if (pair === undefined) return event.type === 'delete';
  return event.type === 'put' && event.kv.version === pair.version && equals(event.kv.value, pair.value);
}
