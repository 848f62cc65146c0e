import type { BytesLike, KeySelector } from './key-selector.js';
import type { CompareSpec, KeyCallOptions, Relation, TxnOpSpec, TxnSpec } from './requests.js';
import type { TxnResult } from './results.js';
import type { CompareTarget } from '@flotilla/kv/protocol';

type OptionsOf<K extends TxnOpSpec['kind']> = Extract<TxnOpSpec, { kind: K }> extends { options?: infer O } ? O : never;

/** Makes operations of transactions. */
export const op: {
  /** Writes a key. */
  put(key: BytesLike, value: BytesLike, options?: OptionsOf<'put'>): TxnOpSpec;
  /** Reads a key or a range. */
  get(selector: KeySelector, options?: OptionsOf<'range'>): TxnOpSpec;
  /** Deletes a key or a range. */
  delete(selector: KeySelector, options?: OptionsOf<'delete'>): TxnOpSpec;
  /** A transaction in a transaction. */
  txn(txn: TxnSpec): TxnOpSpec;
} = {
  put: (key, value, options) => ({ kind: 'put', key, value, ...(options === undefined ? {} : { options }) }),
  get: (selector, options) => ({ kind: 'range', selector, ...(options === undefined ? {} : { options }) }),
  delete: (selector, options) => ({ kind: 'delete', selector, ...(options === undefined ? {} : { options }) }),
  txn: (txn) => ({ kind: 'txn', txn }),
};

/** Makes a condition: `compare('user', 'mod', '=', 7)`. */
export function compare(
  key: BytesLike,
  target: CompareTarget,
  relation: Relation,
  operand: number | BytesLike,
): CompareSpec {
  return { key, target, relation, operand };
}

/** The condition that a key exists. */
export function exists(key: BytesLike): CompareSpec {
  return compare(key, 'version', '>', 0);
}

/** The condition that a key does not exist. */
export function missing(key: BytesLike): CompareSpec {
  return compare(key, 'version', '=', 0);
}

/**
 * A transaction that is put together step by step: `client.txn().if(missing('a')).do(op.put('a', '1')).else(op.get('a')).commit()`.
 * It has no `then`, so that it may be awaited and returned without being done.
 */
export class TxnBuilder {
  readonly #commit: (spec: TxnSpec, options: KeyCallOptions | undefined) => Promise<TxnResult>;
  readonly #compares: CompareSpec[] = [];
  readonly #success: TxnOpSpec[] = [];
  readonly #failure: TxnOpSpec[] = [];

  /** Made by `client.txn()`. */
  constructor(commit: (spec: TxnSpec, options: KeyCallOptions | undefined) => Promise<TxnResult>) {
    this.#commit = commit;
  }

  /** Adds conditions; all must hold. */
  if(...compares: readonly CompareSpec[]): this {
    this.#compares.push(...compares);
    return this;
  }

  /** Adds operations that are done where the conditions hold. */
  do(...operations: readonly TxnOpSpec[]): this {
    this.#success.push(...operations);
    return this;
  }

  /** Adds operations that are done where a condition does not hold. */
  else(...operations: readonly TxnOpSpec[]): this {
    this.#failure.push(...operations);
    return this;
  }

  /** Does it. Rejects as `txn` does. */
  commit(options?: KeyCallOptions): Promise<TxnResult> {
    return this.#commit({ compares: this.#compares, success: this.#success, failure: this.#failure }, options);
  }
}
