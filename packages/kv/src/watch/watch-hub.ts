import { FlotillaError } from '@flotilla/errors';
import { compositeRange, type CompositeRange } from '../store/composite-range.js';
import type { KvStore } from '../store/kv-store.js';
import type { Version } from '../store/version.js';
import type { KeyRange } from '../protocol/key-range.js';
import { EventEncoder } from './event-encoder.js';
import { WatchIndex } from './watch-index.js';

/** Bounds of the pieces that a hub works in. */
export interface WatchHubLimits {
  /** Bytes of encoded events after which a chunk is closed (default 131,072); one event is always in it. */
  readonly chunkBytes: number;
  /** Events that one lagging watcher may look at before the next has its turn (default 1,024). */
  readonly turnEvents: number;
}

const DEFAULT_LIMITS: WatchHubLimits = { chunkBytes: 131_072, turnEvents: 1_024 };

/** What to watch. */
export interface WatchSpec {
  readonly keyspace: number;
  readonly range: KeyRange;
  /** First revision whose events are wanted; 0: those after now. It may lie in the future. */
  readonly startRevision: number;
  /** Events carry the pair as it was before. */
  readonly prevKv: boolean;
  /** Leaves out puts. */
  readonly noPut: boolean;
  /** Leaves out deletes. */
  readonly noDelete: boolean;
}

/** Some events of one watcher, in order. */
export interface WatchChunk {
  /** Encoded by `writeWatchEvent`. */
  readonly events: readonly Uint8Array[];
  /** All events up to and including this revision were given, with this chunk. */
  readonly through: number;
  /** The last events belong to revision `through` + 1, of which more follow. */
  readonly partial: boolean;
}

/** Where a watcher's events go. Calls come from inside the hub: they must not throw and must not call back into it. */
export interface WatchSink {
  /** Takes a chunk; false: there is no room. The same events are offered again after `resume`. */
  offer(chunk: WatchChunk): boolean;
  /** No more events will come: Compacted, GroupNotFound, or whatever `endAll` was given. */
  ended(error: FlotillaError): void;
}

/**
 * `synced`: has all events up to the hub's position. `behind`: waits for its turn to be brought up. `paused`: its sink had no
 * room. `ended`: for good.
 */
type WatcherState = 'synced' | 'behind' | 'paused' | 'ended';

/** One watch of one group. Its fields are the hub's. */
export class Watcher {
  readonly range: CompositeRange;
  readonly spec: WatchSpec;
  readonly sink: WatchSink;
  /** Events of lower revisions are not wanted. */
  readonly minRevision: number;
  state: WatcherState = 'behind';
  /** Position in the history of the first event not given yet; of no meaning while synced. */
  position: number;
  /** Revision up to which all events were given. */
  through: number;
  /** Events of revision `through` + 1 were given, and not yet all of them. */
  partial = false;
  /** Positions that matched in the present turn. */
  readonly matched: number[] = [];

  constructor(spec: WatchSpec, sink: WatchSink, minRevision: number, position: number) {
    this.range = compositeRange(spec.keyspace, spec.range);
    this.spec = spec;
    this.sink = sink;
    this.minRevision = minRevision;
    this.position = position;
    this.through = minRevision - 1;
  }

  wants(version: Version): boolean {
    return version.mod >= this.minRevision && !(version.deleted ? this.spec.noDelete : this.spec.noPut);
  }
}

/**
 * All watchers of one group on one node. Each gets the events of its range in the order in which they were written, each
 * once, none left out, those of one revision together; one that falls behind holds up nobody and holds no events: it goes on
 * from the history where it stopped, or ends when compaction has overtaken it.
 */
export class WatchHub {
  #store: KvStore;
  readonly #index = new WatchIndex<Watcher>();
  readonly #watchers = new Set<Watcher>();
  readonly #encoder = new EventEncoder();
  #behind: Watcher[] = [];
  /** Position up to which synced watchers have all events. */
  #position: number;
  readonly #touched: Watcher[] = [];
  readonly #limits: WatchHubLimits;

  constructor(store: KvStore, limits: WatchHubLimits = DEFAULT_LIMITS) {
    this.#store = store;
    this.#limits = limits;
    this.#position = store.history.end;
  }

  /** Watchers that have not ended. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Whether `catchUp` has something to do. */
  get lagging(): boolean {
    return this.#behind.length > 0;
  }

  /** The revision after which a watch without a start begins. */
  get revision(): number {
    return this.#store.revision;
  }

  /**
   * Begins a watch. Its first events come from `catchUp` or `advance`, never from inside this call.
   *
   * @throws {FlotillaError} Compacted where the start is below the compaction point.
   */
  add(spec: WatchSpec, sink: WatchSink): Watcher {
    const { revision, compactRevision, history } = this.#store;
    const start = spec.startRevision === 0 ? revision + 1 : spec.startRevision;
    if (start < compactRevision) throw compacted(start, compactRevision);
    const past = start <= revision;
    const watcher = new Watcher(spec, sink, start, past ? history.seek(start) : this.#position);
    this.#watchers.add(watcher);
    if (past) this.#queue(watcher);
    else this.#sync(watcher);
    return watcher;
  }

  /** Ends a watch at its owner's wish; the sink is not told. */
  remove(watcher: Watcher): void {
    if (watcher.state === 'synced') this.#index.delete(watcher);
    watcher.state = 'ended';
    this.#watchers.delete(watcher);
  }

  /** The sink of a watcher that refused has room again. */
  resume(watcher: Watcher): void {
    if (watcher.state === 'paused') this.#queue(watcher);
  }

  /** The revision up to which the watcher has all events, where that is all there are; undefined while it lags. */
  progress(watcher: Watcher): number | undefined {
    return watcher.state === 'synced' ? this.#store.revision : undefined;
  }

  /** Gives synced watchers what was written since the last call. */
  advance(): void {
    const { history } = this.#store;
    const from = this.#position;
    const end = history.end;
    if (from === end) return;
    for (let position = from; position < end; position++) {
      const version = history.at(position);
      this.#index.match(version.key, (watcher) => {
        if (!watcher.wants(version)) return;
        if (watcher.matched.length === 0) this.#touched.push(watcher);
        watcher.matched.push(position);
      });
    }
    this.#position = end;
    for (const watcher of this.#touched) this.#giveTurn(watcher, end);
    this.#touched.length = 0;
    this.#encoder.clear();
  }

  #giveTurn(watcher: Watcher, end: number): void {
    const { matched } = watcher;
    const refusedAt = this.#offer(watcher, matched, this.#store.revision, end);
    matched.length = 0;
    if (refusedAt === undefined) return;
    this.#index.delete(watcher);
    watcher.position = refusedAt;
    watcher.state = 'paused';
  }

  /**
   * Offers the events at `positions` in chunks. `revision` and `end`: all wanted events up to there are among them.
   *
   * @returns undefined where all were taken, else the position at which to go on.
   */
  #offer(watcher: Watcher, positions: readonly number[], revision: number, end: number): number | undefined {
    for (let at = 0; at < positions.length;) {
      const first = positions[at] as number;
      const { events, next } = this.#chunk(watcher, positions, at);
      const last = this.#store.history.at(positions[next - 1] as number).mod;
      const following = nextRevision(this.#store, positions[next] ?? end);
      const partial = following === last;
      const through = partial ? last - 1 : next < positions.length ? last : revision;
      if (!this.#give(watcher, { events, through, partial })) return first;
      at = next;
    }
    const closing = watcher.partial && revision > watcher.through;
    return closing && !this.#give(watcher, { events: [], through: revision, partial: false }) ? end : undefined;
  }

  /** The events from `positions[from]` on that fit one chunk, and where the next begins. */
  #chunk(watcher: Watcher, positions: readonly number[], from: number): { events: Uint8Array[]; next: number } {
    const events: Uint8Array[] = [];
    let bytes = 0;
    let next = from;
    while (next < positions.length && (events.length === 0 || bytes < this.#limits.chunkBytes)) {
      const event = this.#encoder.encode(this.#store, positions[next] as number, watcher.spec.prevKv);
      events.push(event);
      bytes += event.length;
      next++;
    }
    return { events, next };
  }

  #give(watcher: Watcher, chunk: WatchChunk): boolean {
    if (!watcher.sink.offer(chunk)) return false;
    watcher.through = Math.max(watcher.through, chunk.through);
    watcher.partial = chunk.partial;
    return true;
  }

  /**
   * Brings watchers that lag nearer to now, each in turn, looking at about `events` events of the history in all.
   *
   * @returns whether any is left that could go on.
   */
  catchUp(events: number): boolean {
    let left = events;
    while (left > 0) {
      const watcher = this.#behind.shift();
      if (watcher === undefined) break;
      if (watcher.state === 'behind') left -= this.#catchUpOne(watcher);
    }
    this.#encoder.clear();
    return this.#behind.length > 0;
  }

  /** Returns how many events were looked at, at least 1. */
  #catchUpOne(watcher: Watcher): number {
    const store = this.#store;
    const { history } = store;
    const from = watcher.position;
    if (this.#overtaken(from)) {
      this.#end(watcher, compacted(watcher.through + 1, store.compactRevision));
      return 1;
    }
    const end = Math.min(this.#position, from + this.#limits.turnEvents);
    const { low, high } = watcher.range;
    const positions: number[] = [];
    for (let position = from; position < end; position++) {
      const version = history.at(position);
      if (version.key >= low && version.key < high && watcher.wants(version)) positions.push(position);
    }
    const refusedAt = this.#offer(watcher, positions, nextRevision(store, end) - 1, end);
    if (refusedAt !== undefined) {
      watcher.position = refusedAt;
      watcher.state = 'paused';
    } else if (end === this.#position) {
      this.#sync(watcher);
    } else {
      watcher.position = end;
      this.#queue(watcher);
    }
    return Math.max(1, end - from);
  }

  /** Whether the event at `position` was compacted. */
  #overtaken(position: number): boolean {
    const { history, compactRevision } = this.#store;
    if (position < history.first) return true;
    return position < history.end && history.at(position).mod < compactRevision;
  }

  #queue(watcher: Watcher): void {
    watcher.state = 'behind';
    this.#behind.push(watcher);
  }

  #sync(watcher: Watcher): void {
    watcher.state = 'synced';
    this.#index.add(watcher);
  }

  #end(watcher: Watcher, error: FlotillaError): void {
    this.remove(watcher);
    watcher.sink.ended(error);
  }

  /**
   * The group's state was replaced by a snapshot's: watchers go on in the new history from the revision that they have, or
   * end with Compacted where it does not reach back so far. One that was given a part of a revision ends with NotReady: its
   * owner begins again after the last whole revision.
   */
  restored(store: KvStore): void {
    const before = this.#store;
    const synced = before.revision;
    this.#store = store;
    this.#position = store.history.end;
    this.#behind = [];
    for (const watcher of this.#watchers) {
      if (watcher.state === 'synced') {
        this.#index.delete(watcher);
        watcher.through = Math.max(watcher.through, synced);
      }
      const next = Math.max(watcher.through + 1, watcher.minRevision);
      if (next < store.compactRevision) {
        this.#end(watcher, compacted(next, store.compactRevision));
        continue;
      }
      if (watcher.partial) {
        this.#end(watcher, replaced(next));
        continue;
      }
      watcher.position = store.history.seek(next);
      if (watcher.state !== 'paused') this.#queue(watcher);
    }
  }

  /** Ends all watches with an error: the group left this node, or lost its leader. */
  endAll(error: FlotillaError): void {
    for (const watcher of this.#watchers) this.#end(watcher, error);
    this.#behind = [];
  }
}

/** Revision of the event at `position`; one above the last where there is none. */
function nextRevision(store: KvStore, position: number): number {
  return position < store.history.end ? store.history.at(position).mod : store.revision + 1;
}

function replaced(revision: number): FlotillaError<'NotReady'> {
  return new FlotillaError('NotReady', {
    message: `a snapshot replaced the group's state in the middle of revision ${revision}; watch again from there`,
    details: { reason: 'the group installed a snapshot' },
  });
}

function compacted(revision: number, compactRevision: number): FlotillaError<'Compacted'> {
  return new FlotillaError('Compacted', {
    message: `the events of revision ${revision} were compacted; watches can begin at ${compactRevision}; read the range again, then watch from there`,
    details: { revision, compactRevision },
  });
}
