import type { KeyValuePair } from '../data/key-value-pair.js';

/** Of `watch`. */
export interface WatchOptions {
  /** Ends the watch: its iteration then ends with the `Aborted` error. */
  readonly signal?: AbortSignal;
  /** 0 (default): spread over all groups. Any other is pinned to one group. */
  readonly keyspace?: number;
  /** First revision whose events are wanted; only where the keys lie in one group. Default: after now. */
  readonly startRevision?: number;
  /** Begins just after what a range, a scan or another watch over the same keys gave. */
  readonly cursor?: string;
  /** Gives with each event the pair as it was before. */
  readonly prevKv?: boolean;
  /** Kinds of events to leave out. */
  readonly filters?: readonly ('put' | 'delete')[];
  /** Gives batches without events from time to time, so that the cursor moves on. */
  readonly progress?: boolean;
}

/** One change of one key. */
export interface WatchedEvent {
  readonly type: 'put' | 'delete';
  /** As it is after the change; of a delete only `key` and `modRevision` tell something. */
  readonly kv: KeyValuePair;
  /** As it was before, where asked for, existing and not compacted. */
  readonly prevKv: KeyValuePair | undefined;
}

/** Events of one group, in order; a revision is never split between batches. */
export interface WatchBatch {
  readonly group: number;
  /** All events of the group up to and including this revision were given, with this batch. */
  readonly revision: number;
  /** Empty: a sign of progress. */
  readonly events: readonly WatchedEvent[];
}

/**
 * A watch over all groups that hold its keys. Iterating gives batches; events of one group come in order, each once, also
 * across broken connections and other leaders. Between groups there is no order. Iterate it once.
 */
export interface Watch extends AsyncIterable<WatchBatch>, AsyncDisposable {
  /** Resolves when every group has begun: changes acknowledged after that are seen. Rejects as the watch does. */
  readonly started: Promise<void>;
  /** The place behind the last batch that the iteration gave: resumes there as `cursor` of another watch. Undefined before `started`. */
  readonly cursor: string | undefined;
  /** The events alone, one by one. Do not use together with iterating batches. */
  events(): AsyncIterable<WatchedEvent>;
  /** Asks every group for a batch that tells how far it is, which comes once all events up to then were given. */
  requestProgress(): void;
  /** Ends the watch; its iteration ends after what was received. */
  close(): void;
}
