import type BTreeLibrary from 'sorted-btree';
import * as sortedBTree from 'sorted-btree';
import type { Version } from './version.js';

/** A key and its newest version. */
export interface KeyEntry {
  readonly key: string;
  newest: Version;
}

type SortedBTree = BTreeLibrary.default<string, KeyEntry>;
type SortedBTreeClass = new (entries?: [string, KeyEntry][], compare?: (a: string, b: string) => number) => SortedBTree;

/** The library is a CommonJS module with a default export: loaders differ in how many times they wrap it. */
const BTree: SortedBTreeClass = unwrap(sortedBTree);

function unwrap(module: unknown): SortedBTreeClass {
  let inner = module;
  while (typeof inner === 'object' && inner !== null && 'default' in inner) inner = inner.default;
  return inner as SortedBTreeClass;
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The newest version of every key, by composite key: found by hash where the key is known, in the order of bytes where a
 * range is walked. Writing to a key that is there changes neither structure.
 */
export class KeyIndex {
  readonly #byKey = new Map<string, KeyEntry>();
  readonly #inOrder: SortedBTree = new BTree(undefined, compareKeys);

  /** Keys held, deleted ones that compaction has not dropped yet included. */
  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Version | undefined {
    return this.#byKey.get(key)?.newest;
  }

  set(key: string, newest: Version): void {
    const entry = this.#byKey.get(key);
    if (entry !== undefined) {
      entry.newest = newest;
      return;
    }
    const added: KeyEntry = { key, newest };
    this.#byKey.set(key, added);
    this.#inOrder.set(key, added);
  }

  delete(key: string): void {
    if (this.#byKey.delete(key)) this.#inOrder.delete(key);
  }

  /** Keys from `low` on, ascending. The pair is reused; the walk is over with the next key that is added or dropped. */
  ascending(low: string): IterableIterator<readonly [string, KeyEntry]> {
    return this.#inOrder.entries(low, []);
  }

  /** Keys below `high`, descending. The same rules. */
  descending(high: string): IterableIterator<readonly [string, KeyEntry]> {
    return this.#inOrder.entriesReversed(high, [], true);
  }
}
