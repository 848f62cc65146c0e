import type { KeyValuePair } from './key-value-pair.js';

/** Where a write is in the history of its group. */
export interface WriteResult {
  readonly group: number;
  /** The group's revision after the write. */
  readonly revision: number;
}

/** Of `put`. */
export interface PutResult extends WriteResult {
  /** As it was before, where asked for and existing. */
  readonly prevKv: KeyValuePair | undefined;
}

/** Of `delete`. */
export interface DeleteResult {
  /** Keys that existed. */
  readonly deleted: number;
  /** Ascending by key; empty unless asked for. */
  readonly prevKvs: readonly KeyValuePair[];
  /** One for each group that did a part, ascending. */
  readonly writes: readonly WriteResult[];
}

/** Of `range`: one page. */
export interface RangeResult {
  readonly kvs: readonly KeyValuePair[];
  /** Keys in the range, from where this page begins, whatever the limit. */
  readonly count: number;
  /** There is more behind this page. */
  readonly more: boolean;
  /**
   * Continues with the next page where `more`; else it can be given to a watch, which begins just after what was read.
   * Undefined for pages that are not sorted by key, and for counts.
   */
  readonly cursor: string | undefined;
  /** The revision that each group was read at, ascending by group. */
  readonly revisions: readonly WriteResult[];
}

/** What one operation of a transaction gave. */
export type TxnOpResult =
  | { readonly kind: 'put'; readonly prevKv: KeyValuePair | undefined }
  | { readonly kind: 'range'; readonly kvs: readonly KeyValuePair[]; readonly count: number; readonly more: boolean }
  | { readonly kind: 'delete'; readonly deleted: number; readonly prevKvs: readonly KeyValuePair[] }
  | { readonly kind: 'txn'; readonly succeeded: boolean; readonly results: readonly TxnOpResult[] };

/** Of a transaction. */
export interface TxnResult extends WriteResult {
  /** The compares held, and `success` was done. */
  readonly succeeded: boolean;
  /** One for each operation that was done, in order. */
  readonly results: readonly TxnOpResult[];
}
