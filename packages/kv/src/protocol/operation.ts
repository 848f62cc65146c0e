import type { KeyRange } from './key-range.js';

/** A key with its value, in etcd v3's words. */
export interface KeyValue {
  readonly key: Uint8Array;
  /** Empty where only keys were asked for. */
  readonly value: Uint8Array;
  /** Revision of the write that created the key, since it was last absent. */
  readonly createRevision: number;
  /** Revision of its last write. */
  readonly modRevision: number;
  /** 1 at creation, one more at each write; begins again after a delete. */
  readonly version: number;
  /** The lease that the key is attached to; 0: none. */
  readonly lease: number;
}

/** What an answer to a range may be sorted by. */
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';
/** Direction of a sort. `none` leaves keys ascending, and sorts any other target ascending. Ties stand in ascending order of keys. */
export type SortOrder = 'none' | 'ascend' | 'descend';

/** Reads a key or a range. */
export interface RangeOperation extends KeyRange {
  readonly kind: 'range';
  /** Reads the state as of this revision; 0: as it is now. */
  readonly revision: number;
  /** Most pairs in the answer, after sorting; 0: no limit. */
  readonly limit: number;
  readonly sortTarget: SortTarget;
  readonly sortOrder: SortOrder;
  /** Leaves values out. */
  readonly keysOnly: boolean;
  /** Answers the count alone. */
  readonly countOnly: boolean;
  /** `total`: all keys in the range, whatever limit and filters say; `returned`: those in the answer, so that a scan can stop early. */
  readonly count: 'total' | 'returned';
  /** Bounds of revisions, both inclusive; 0: none. They filter what the range found. */
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

/** Writes a key. */
export interface PutOperation {
  readonly kind: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Attaches the key to a lease; 0: to none, and detaches it from any. */
  readonly lease: number;
  /** Answers the pair as it was before. */
  readonly prevKv: boolean;
  /** Keeps the present value, which must exist; `value` must be empty. */
  readonly ignoreValue: boolean;
}

/** Deletes a key or a range. */
export interface DeleteRangeOperation extends KeyRange {
  readonly kind: 'deleteRange';
  /** Answers the pairs as they were before. */
  readonly prevKv: boolean;
}

/** What a compare looks at. */
export type CompareTarget = 'version' | 'create' | 'mod' | 'value';
/** How a compare relates what it finds to its operand. */
export type CompareRelation = 'equal' | 'notEqual' | 'greater' | 'less';

/**
 * One condition of a transaction. Over a range it must hold for every key. Where nothing is found, numbers compare as 0 and
 * a compare of values does not hold.
 */
export interface Compare extends KeyRange {
  readonly target: CompareTarget;
  readonly relation: CompareRelation;
  /** A number for `version`, `create` and `mod`, bytes for `value`. */
  readonly operand: number | Uint8Array;
}

/**
 * If all compares hold then `success`, else `failure`, as one step with at most one new revision. Compares, also those of
 * nested transactions, see the state before the first operation; operations run in order, and each sees those before it.
 */
export interface TxnOperation {
  readonly kind: 'txn';
  readonly compares: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

/** What may stand in a transaction. */
export type Operation = RangeOperation | PutOperation | DeleteRangeOperation | TxnOperation;

/** Drops history: afterwards no revision below `revision` can be read or watched. Concerns the whole group. */
export interface CompactOperation {
  readonly kind: 'compact';
  readonly revision: number;
}

/** An operation on the keys of one keyspace: what is proposed to a group, or, a range alone, read from it. */
export interface Command {
  readonly keyspace: number;
  readonly operation: Operation | CompactOperation;
}

/** Answer to a range. */
export interface RangeAnswer {
  readonly kind: 'range';
  readonly kvs: readonly KeyValue[];
  /** See {@link RangeOperation.count}. */
  readonly count: number;
  /** There is more in the range than the limit, or the size of one answer, let through. */
  readonly more: boolean;
}

/** Answer to a put. */
export interface PutAnswer {
  readonly kind: 'put';
  readonly prevKv: KeyValue | undefined;
}

/** Answer to a delete. */
export interface DeleteRangeAnswer {
  readonly kind: 'deleteRange';
  readonly deleted: number;
  /** Ascending by key; empty unless asked for. */
  readonly prevKvs: readonly KeyValue[];
}

/** Answer to a transaction. */
export interface TxnAnswer {
  readonly kind: 'txn';
  /** The compares held, and `success` was done. */
  readonly succeeded: boolean;
  /** One for each operation that was done. */
  readonly answers: readonly OperationAnswer[];
}

/** Answer to what may stand in a transaction. */
export type OperationAnswer = RangeAnswer | PutAnswer | DeleteRangeAnswer | TxnAnswer;

/** Answer to a compaction. */
export interface CompactAnswer {
  readonly kind: 'compact';
}

/** What a command gave. */
export interface CommandAnswer {
  /** The group's revision after the command (etcd's header revision). */
  readonly revision: number;
  readonly answer: OperationAnswer | CompactAnswer;
}

/** A range operation; what is not given is unlimited, unsorted, unfiltered and now. */
export function rangeOperation(
  range: KeyRange,
  options: Partial<Omit<RangeOperation, 'kind' | 'key' | 'end'>> = {},
): RangeOperation {
  return {
    kind: 'range',
    key: range.key,
    end: range.end,
    revision: options.revision ?? 0,
    limit: options.limit ?? 0,
    sortTarget: options.sortTarget ?? 'key',
    sortOrder: options.sortOrder ?? 'none',
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    count: options.count ?? 'total',
    minModRevision: options.minModRevision ?? 0,
    maxModRevision: options.maxModRevision ?? 0,
    minCreateRevision: options.minCreateRevision ?? 0,
    maxCreateRevision: options.maxCreateRevision ?? 0,
  };
}

/** A put operation; without a lease, and without the pair before, unless given. */
export function putOperation(
  key: Uint8Array,
  value: Uint8Array,
  options: Partial<Omit<PutOperation, 'kind' | 'key' | 'value'>> = {},
): PutOperation {
  return {
    kind: 'put',
    key,
    value,
    lease: options.lease ?? 0,
    prevKv: options.prevKv ?? false,
    ignoreValue: options.ignoreValue ?? false,
  };
}

/** A delete operation, without the pairs before unless given. */
export function deleteRangeOperation(
  range: KeyRange,
  options: { readonly prevKv?: boolean } = {},
): DeleteRangeOperation {
  return { kind: 'deleteRange', key: range.key, end: range.end, prevKv: options.prevKv ?? false };
}
