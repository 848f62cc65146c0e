import type { AdminClient } from './admin/admin-face.js';
import type { BytesLike, KeySelector } from './data/key-selector.js';
import type { KeyValuePair } from './data/key-value-pair.js';
import type {
  CallOptions,
  CompactTarget,
  DeleteOptions,
  GetOptions,
  KeyCallOptions,
  PutOptions,
  RangeOptions,
  ScanOptions,
  TxnSpec,
} from './data/requests.js';
import type { DeleteResult, PutResult, RangeResult, TxnResult, WriteResult } from './data/results.js';
import type { TxnBuilder } from './data/txn-builder.js';
import type { Watch, WatchOptions } from './watch/watch-face.js';

/**
 * The key-value data of a cluster, as its users see it. `FlotillaClient` is one; tests of an application may have another.
 * Every method rejects with a FlotillaError whose `outcome` says whether a write may have been applied.
 */
export interface KeyValueClient extends AsyncDisposable {
  readonly admin: AdminClient;
  /** Writes a key. */
  put(key: BytesLike, value: BytesLike, options?: PutOptions): Promise<PutResult>;
  /** Reads a key; undefined where it does not exist. */
  get(key: BytesLike, options?: GetOptions): Promise<KeyValuePair | undefined>;
  /** Deletes a key or a range. A range that is spread over groups is deleted by each group in one step, not by all in one. */
  delete(selector: KeySelector, options?: DeleteOptions): Promise<DeleteResult>;
  /** Reads a page of a range, of all groups, in order. */
  range(selector: KeySelector, options?: RangeOptions): Promise<RangeResult>;
  /** Reads a range pair by pair, of all groups, in order of keys, in bounded memory. */
  scan(selector: KeySelector, options?: ScanOptions): AsyncIterable<KeyValuePair>;
  /** Begins a transaction. */
  txn(): TxnBuilder;
  /** Does a transaction. Rejects with TxnSpansVShards where its keys do not live together. */
  txn(spec: TxnSpec, options?: KeyCallOptions): Promise<TxnResult>;
  /** Drops history: no revision below can be read or watched afterwards. */
  compact(target: CompactTarget, options?: CallOptions): Promise<readonly WriteResult[]>;
  /** Follows changes. */
  watch(selector: KeySelector, options?: WatchOptions): Watch;
  /** Ends the client: what is pending rejects with `Shutdown`. */
  close(): Promise<void>;
}
