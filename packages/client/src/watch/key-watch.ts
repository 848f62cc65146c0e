import type { FlotillaError } from '@flotilla/errors';
import {
  checkRange,
  cursorScope,
  decodeCursor,
  encodeCursor,
  invalidArgument,
  type WatchEvent,
} from '@flotilla/kv/protocol';
import type { Runtime } from '@flotilla/runtime';
import { aborted, clientClosed } from '../client-errors.js';
import type { ClusterView } from '../cluster-view/cluster-view.js';
import { whole } from '../data/commands.js';
import { type KeySelector, rangeOf } from '../data/key-selector.js';
import { KeyValuePair, pairOf } from '../data/key-value-pair.js';
import { spreadOf } from '../data/range-reader.js';
import { GroupWatch, type GroupWatchOwner } from './group-watch.js';
import type { Watch, WatchBatch, WatchedEvent, WatchOptions } from './watch-face.js';

/** What a watch is made of. */
export interface KeyWatchOptions {
  readonly view: ClusterView;
  readonly runtime: Runtime;
  /** Events, and bytes of their pairs, to hold for the reader. */
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** It ended, for whatever reason. */
  ended(watch: KeyWatch): void;
}

interface Queued {
  readonly batch: WatchBatch;
  readonly source: GroupWatch;
  readonly bytes: number;
}

type Turn = IteratorResult<WatchBatch, undefined>;

interface Reader {
  resolve(turn: Turn): void;
  reject(error: FlotillaError): void;
}

const EVENT_OVERHEAD_BYTES = 64;

/** A watch over all groups that hold a range: what they receive, in one bounded queue. */
export class KeyWatch implements Watch {
  readonly started: Promise<void>;
  readonly #options: KeyWatchOptions;
  readonly #given: WatchOptions;
  readonly #scope: number;
  readonly #groups: readonly GroupWatch[];
  /** The last revision of each group that the reader was given. */
  readonly #positions = new Map<GroupWatch, number>();
  readonly #queued = new Map<GroupWatch, number>();
  readonly #readers: Reader[] = [];
  readonly #begin: { resolve(): void; reject(error: FlotillaError): void };
  readonly #onAbort = (): void => this.#finish(aborted('the watch', this.#given.signal?.reason, 'definite'));
  #queue: Queued[] = [];
  #events = 0;
  #bytes = 0;
  #paused = false;
  #progressWanted = 0;
  #end: { readonly error: FlotillaError | undefined } | undefined;

  /** Begins at once. @throws {FlotillaError} InvalidArgument, CursorInvalid, Aborted */
  constructor(options: KeyWatchOptions, selector: KeySelector, given: WatchOptions) {
    const { view, runtime } = options;
    const keyspace = given.keyspace ?? 0;
    const range = rangeOf(selector);
    checkRange(range);
    const { destinations, single } = spreadOf(view, keyspace, range);
    const startRevision = whole('startRevision', given.startRevision);
    if (startRevision > 0 && !single) {
      throw invalidArgument(
        'startRevision',
        'the range is spread over groups, each with its own revisions; use a cursor',
      );
    }
    if (given.signal?.aborted === true) throw aborted('the watch', given.signal.reason, 'definite');
    this.#options = options;
    this.#given = given;
    this.#scope = cursorScope(keyspace, range.key, range.end);
    const starts = cursorStarts(given.cursor, this.#scope);
    const spec = {
      keyspace,
      range,
      prevKv: given.prevKv ?? false,
      noPut: given.filters?.includes('put') ?? false,
      noDelete: given.filters?.includes('delete') ?? false,
    };
    const owner: GroupWatchOwner = {
      began: (watch) => this.#began(watch),
      events: (watch, through, events) => this.#received(watch, through, events),
      progress: (watch, through) => this.#progressed(watch, through),
      failed: (error) => this.#finish(error),
    };
    this.#groups = destinations.map((to) => {
      const group = to.group === 0 ? view.groupOf(to.vshard) : to.group;
      const start = starts === undefined ? startRevision : startOf(starts, group);
      return new GroupWatch({ owner, view, runtime, spec, to, startRevision: start });
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.started = promise;
    // Who does not look at `started` meets the error in the iteration.
    promise.catch(() => undefined);
    this.#begin = { resolve, reject };
    given.signal?.addEventListener('abort', this.#onAbort, { once: true });
    for (const group of this.#groups) group.run();
  }

  get cursor(): string | undefined {
    if (this.#positions.size < this.#groups.length) return undefined;
    const positions = [...this.#positions].map(([{ group }, revision]) => ({ group, revision }));
    positions.sort((a, b) => a.group - b.group);
    return encodeCursor({ scope: this.#scope, positions, after: undefined });
  }

  requestProgress(): void {
    this.#progressWanted = this.#groups.length;
    for (const group of this.#groups) group.requestProgress();
  }

  close(): void {
    this.#finish(undefined);
  }

  /** The client is closed. */
  shutDown(): void {
    this.#finish(clientClosed('the watch', 'definite'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  [Symbol.asyncIterator](): AsyncIterator<WatchBatch, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async *events(): AsyncGenerator<WatchedEvent, void, undefined> {
    for await (const { events } of this) yield* events;
  }

  // What the groups say

  #began(watch: GroupWatch): void {
    this.#positions.set(watch, watch.through);
    if (this.#positions.size === this.#groups.length) this.#begin.resolve();
  }

  #received(watch: GroupWatch, through: number, events: readonly WatchEvent[]): void {
    const batch = { group: watch.group, revision: through, events: events.map(watchedEvent) };
    this.#push(
      watch,
      batch,
      events.reduce((sum, event) => sum + bytesOfEvent(event), 0),
    );
  }

  #progressed(watch: GroupWatch, through: number): void {
    if (this.#progressWanted > 0) this.#progressWanted--;
    else if (this.#given.progress !== true) {
      if ((this.#queued.get(watch) ?? 0) === 0 && this.#positions.has(watch)) this.#positions.set(watch, through);
      return;
    }
    this.#push(watch, { group: watch.group, revision: through, events: [] }, 0);
  }

  #push(source: GroupWatch, batch: WatchBatch, bytes: number): void {
    if (this.#end !== undefined) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      this.#positions.set(source, batch.revision);
      return reader.resolve({ done: false, value: batch });
    }
    this.#queue.push({ batch, source, bytes });
    this.#queued.set(source, (this.#queued.get(source) ?? 0) + 1);
    this.#events += Math.max(1, batch.events.length);
    this.#bytes += bytes;
    const { eventsMax, bytesMax } = this.#options;
    if (this.#paused || (this.#events < eventsMax && this.#bytes < bytesMax)) return;
    this.#paused = true;
    for (const group of this.#groups) group.pause();
  }

  // What the reader takes

  #next(): Promise<Turn> {
    const item = this.#queue.shift();
    if (item !== undefined) return Promise.resolve(this.#give(item));
    if (this.#end !== undefined) return this.#ended(this.#end);
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  #give({ batch, source, bytes }: Queued): Turn {
    this.#positions.set(source, batch.revision);
    this.#queued.set(source, (this.#queued.get(source) ?? 1) - 1);
    this.#events -= Math.max(1, batch.events.length);
    this.#bytes -= bytes;
    const { eventsMax, bytesMax } = this.#options;
    if (this.#paused && this.#end === undefined && this.#events <= eventsMax / 2 && this.#bytes <= bytesMax / 2) {
      this.#paused = false;
      for (const group of this.#groups) group.run();
    }
    return { done: false, value: batch };
  }

  /** The error is told once; after it the iteration is over. */
  #ended(end: { readonly error: FlotillaError | undefined }): Promise<Turn> {
    this.#end = { error: undefined };
    return end.error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(end.error);
  }

  #finish(error: FlotillaError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const group of this.#groups) group.end();
    this.#given.signal?.removeEventListener('abort', this.#onAbort);
    this.#begin.reject(error ?? aborted('the watch', undefined, 'definite'));
    for (const reader of this.#readers.splice(0)) this.#ended(this.#end).then(reader.resolve, reader.reject);
    this.#options.ended(this);
  }
}

function watchedEvent({ type, kv, prevKv }: WatchEvent): WatchedEvent {
  return { type, kv: new KeyValuePair(kv), prevKv: pairOf(prevKv) };
}

function bytesOfEvent({ kv, prevKv }: WatchEvent): number {
  const before = prevKv === undefined ? 0 : prevKv.key.length + prevKv.value.length;
  return EVENT_OVERHEAD_BYTES + kv.key.length + kv.value.length + before;
}

/** The last revision seen of each group that a cursor names. */
function cursorStarts(cursor: string | undefined, scope: number): ReadonlyMap<number, number> | undefined {
  if (cursor === undefined) return undefined;
  const { positions, after } = decodeCursor(cursor, scope);
  if (after !== undefined) {
    throw invalidArgument(
      'cursor',
      'it is of a range that was not read to its end; a watch from there would miss what was not read',
    );
  }
  return new Map(positions.map(({ group, revision }) => [group, revision]));
}

/** Of a group that the cursor does not name everything is wanted. */
function startOf(starts: ReadonlyMap<number, number>, group: number | undefined): number {
  return ((group === undefined ? undefined : starts.get(group)) ?? 0) + 1;
}
