import { compare as compareBytes } from '@flotilla/bytes';
import type { RangeAnswer, RangeOperation, SortTarget } from '../protocol/operation.js';
import type { CompositeRange } from './composite-range.js';
import { answerBytesOf, keyValueOf } from './key-value.js';
import type { KvStore } from './kv-store.js';
import { type Version, versionAt } from './version.js';

/** Sees writes that are not committed, as a transaction's own reads must. */
export const UNCOMMITTED: number = Number.MAX_SAFE_INTEGER;

/**
 * One range operation over one store, done in as many steps as its caller likes: a long scan need not hold up the groups of
 * a node. Between steps the caller keeps the revision pinned.
 */
export class RangeScan {
  readonly #store: KvStore;
  readonly #range: CompositeRange;
  readonly #operation: RangeOperation;
  readonly #revision: number;
  readonly #bytesMax: number;
  readonly #limit: number;
  /** Pairs are wanted in the order of keys, so that what is past the limit need only be counted. */
  readonly #streaming: boolean;
  readonly #descending: boolean;
  #found: Version[] = [];
  #bytes = 0;
  #count = 0;
  #more = false;
  #done = false;
  /** Where the next step begins: ascending from this key on, descending below it. */
  #position: string;
  #seen = 0;

  /**
   * @param revision As of which to read; {@link UNCOMMITTED} for a transaction's own.
   * @param bytesMax Bytes of keys and values after which the answer is cut, with `more`.
   */
  constructor(store: KvStore, range: CompositeRange, operation: RangeOperation, revision: number, bytesMax: number) {
    this.#store = store;
    this.#range = range;
    this.#operation = operation;
    this.#revision = revision;
    this.#bytesMax = bytesMax;
    this.#limit = operation.limit === 0 ? Number.MAX_SAFE_INTEGER : operation.limit;
    this.#streaming = operation.sortTarget === 'key';
    this.#descending = this.#streaming && operation.sortOrder === 'descend';
    this.#position = this.#descending ? range.high : range.low;
    if (range.low >= range.high) this.#done = true;
  }

  /** Keys found so far that exist at the revision: the same on all replicas, which the number of keys looked at is not. */
  get seen(): number {
    return this.#seen;
  }

  /** Looks at up to `keys` more keys, deleted ones included, but stops after `seenMax` that exist; true once the scan is done. */
  advance(keys: number, seenMax: number = Number.MAX_SAFE_INTEGER): boolean {
    if (this.#done) return true;
    if (this.#range.single) this.#visitSingle();
    else this.#visitRange(keys, seenMax);
    return this.#done;
  }

  #visitSingle(): void {
    this.#done = true;
    const version =
      this.#revision === UNCOMMITTED
        ? this.#store.latest(this.#range.low)
        : this.#store.at(this.#range.low, this.#revision);
    if (version !== undefined) this.#take(version);
  }

  #visitRange(keys: number, seenMax: number): void {
    const { low, high } = this.#range;
    const descending = this.#descending;
    const pairs = descending ? this.#store.descending(this.#position) : this.#store.ascending(this.#position);
    let left = keys;
    for (const [key, { newest }] of pairs) {
      if (descending ? key < low : key >= high) {
        this.#done = true;
        return;
      }
      if (left-- <= 0 || this.#seen > seenMax) {
        this.#position = descending ? `${key}\0` : key;
        return;
      }
      const version = versionAt(newest, this.#revision);
      if (version !== undefined && this.#take(version)) {
        this.#done = true;
        return;
      }
    }
    this.#done = true;
  }

  /** Counts a live version and keeps it where it belongs to the answer. True where the scan may stop. */
  #take(version: Version): boolean {
    this.#seen++;
    const { countOnly, keysOnly } = this.#operation;
    const total = this.#operation.count === 'total';
    if (countOnly) {
      this.#count++;
      return false;
    }
    if (total) this.#count++;
    if (!this.#passes(version)) return false;
    if (this.#streaming) {
      if (this.#more) return !total;
      const bytes = answerBytesOf(version, keysOnly);
      if (this.#found.length >= this.#limit || (this.#found.length > 0 && this.#bytes + bytes > this.#bytesMax)) {
        this.#more = true;
        return !total;
      }
      this.#bytes += bytes;
    }
    this.#found.push(version);
    return false;
  }

  #passes(version: Version): boolean {
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = this.#operation;
    return (
      (minModRevision === 0 || version.mod >= minModRevision) &&
      (maxModRevision === 0 || version.mod <= maxModRevision) &&
      (minCreateRevision === 0 || version.create >= minCreateRevision) &&
      (maxCreateRevision === 0 || version.create <= maxCreateRevision)
    );
  }

  /** The answer of a scan that is done. */
  answer(): RangeAnswer {
    const { keysOnly, countOnly, count } = this.#operation;
    if (!this.#streaming) this.#sortAndCut();
    const kvs = this.#found.map((version) => keyValueOf(version, keysOnly));
    return {
      kind: 'range',
      kvs,
      count: count === 'total' || countOnly ? this.#count : kvs.length,
      more: this.#more,
    };
  }

  /** Bytes of keys and values in the answer. */
  get answerBytes(): number {
    return this.#bytes;
  }

  #sortAndCut(): void {
    const { sortTarget, sortOrder, keysOnly } = this.#operation;
    const direction = sortOrder === 'descend' ? -1 : 1;
    const compare = COMPARISONS[sortTarget];
    const sorted = this.#found.sort((a, b) => direction * compare(a, b) || (a.key < b.key ? -1 : 1));
    const kept: Version[] = [];
    for (const version of sorted) {
      const bytes = answerBytesOf(version, keysOnly);
      if (kept.length >= this.#limit || (kept.length > 0 && this.#bytes + bytes > this.#bytesMax)) {
        this.#more = true;
        break;
      }
      this.#bytes += bytes;
      kept.push(version);
    }
    this.#found = kept;
  }
}

const COMPARISONS: Readonly<Record<SortTarget, (a: Version, b: Version) => number>> = {
  key: (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.create - b.create,
  mod: (a, b) => a.mod - b.mod,
  value: (a, b) => compareBytes(a.value, b.value),
};
