import type { CompareTarget, Consistency, SortOrder, SortTarget } from '@flotilla/kv/protocol';
import type { BytesLike, KeySelector } from './key-selector.js';

/** What every call takes. */
export interface CallOptions {
  /** Ends the call. A write that may have been sent then rejects with outcome `unknown`. */
  readonly signal?: AbortSignal;
  /** Until the call gives up, in ms (default: the client's `requestTimeoutMs`). */
  readonly timeoutMs?: number;
}

/** What every call on keys takes. */
export interface KeyCallOptions extends CallOptions {
  /** 0 (default): spread over all groups by key. Any other is pinned to one group, named by its lowest 20 bits. */
  readonly keyspace?: number;
}

/** Of `put`. */
export interface PutOptions extends KeyCallOptions {
  /** Answers the pair as it was before. */
  readonly prevKv?: boolean;
  /** Keeps the present value, which must exist; the value given must be empty. */
  readonly ignoreValue?: boolean;
  /** Attaches the key to a lease; 0 (default): to none. */
  readonly lease?: number;
}

/** Of `get`. */
export interface GetOptions extends KeyCallOptions {
  /** How fresh (default `linearizable`). */
  readonly consistency?: Consistency;
  /** As of this revision of the key's group; default: now. */
  readonly revision?: number;
  /** Leaves the value out. */
  readonly keysOnly?: boolean;
}

/** Of `delete`. */
export interface DeleteOptions extends KeyCallOptions {
  /** Answers the pairs as they were before. */
  readonly prevKv?: boolean;
}

/** Of `range`. */
export interface RangeOptions extends KeyCallOptions {
  /** How fresh (default `linearizable`). */
  readonly consistency?: Consistency;
  /** Most pairs in the page (default 1,000). */
  readonly limit?: number;
  /** What to sort by (default `key`). Only pages by key can be continued by a cursor. */
  readonly sortTarget?: SortTarget;
  /** Direction (default ascending). */
  readonly sortOrder?: SortOrder;
  /** Leaves values out. */
  readonly keysOnly?: boolean;
  /** Answers the count alone. */
  readonly countOnly?: boolean;
  /** As of this revision; only where the range lies in one group: a vShard's hash tag, or a pinned keyspace. */
  readonly revision?: number;
  /** Goes on where the page with this cursor ended, at the same revisions. */
  readonly cursor?: string;
  /** Bounds of revisions, both inclusive; only for ranges in one group. */
  readonly minModRevision?: number;
  readonly maxModRevision?: number;
  readonly minCreateRevision?: number;
  readonly maxCreateRevision?: number;
}

/** Of `scan`. */
export interface ScanOptions extends KeyCallOptions {
  /** How fresh its first page is (default `linearizable`); the later ones are of the same revisions. */
  readonly consistency?: Consistency;
  /** Leaves values out. */
  readonly keysOnly?: boolean;
  /** `descend`: from the last key to the first. */
  readonly sortOrder?: SortOrder;
  /** Goes on where another scan ended. */
  readonly cursor?: string;
  /** Pairs to hold in memory at most, of all groups together (default 4,096; at least one a group). */
  readonly bufferedPairsMax?: number;
}

/** What `compact` drops: history of one group, of a pinned keyspace's group, or of all groups up to a cursor's revisions. */
export type CompactTarget =
  | { readonly group: number; readonly revision: number }
  | { readonly keyspace: number; readonly revision: number }
  | { readonly cursor: string; readonly selector: KeySelector; readonly keyspace?: number };

/** How a compare relates what it finds to its operand. */
export type Relation = '=' | '!=' | '>' | '<';

/** A condition of a transaction; over a range it must hold for every key. A key that is absent compares as 0. */
export interface CompareSpec {
  readonly key: BytesLike;
  /** End of a range, exclusive. */
  readonly end?: BytesLike;
  readonly target: CompareTarget;
  readonly relation: Relation;
  /** A number for `version`, `create` and `mod`; bytes or text for `value`. */
  readonly operand: number | BytesLike;
}

/** An operation of a transaction. Made by {@link op}, or written out. */
export type TxnOpSpec =
  | {
      readonly kind: 'put';
      readonly key: BytesLike;
      readonly value: BytesLike;
      readonly options?: Omit<PutOptions, keyof KeyCallOptions>;
    }
  | {
      readonly kind: 'range';
      readonly selector: KeySelector;
      readonly options?: Omit<RangeOptions, keyof KeyCallOptions | 'cursor' | 'consistency'>;
    }
  | {
      readonly kind: 'delete';
      readonly selector: KeySelector;
      readonly options?: Omit<DeleteOptions, keyof KeyCallOptions>;
    }
  | { readonly kind: 'txn'; readonly txn: TxnSpec };

/** If all compares hold then `success`, else `failure`; one step, within one vShard or one pinned keyspace. */
export interface TxnSpec {
  readonly compares?: readonly CompareSpec[];
  readonly success?: readonly TxnOpSpec[];
  readonly failure?: readonly TxnOpSpec[];
}
