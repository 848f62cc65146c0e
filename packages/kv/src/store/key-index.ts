import type BTreeLibrary from 'sorted-btree';
import * as sortedBTree from 'sorted-btree';
import type { Version } from './version.js';

type SortedBTree = BTreeLibrary.default<string, Version>;
type SortedBTreeClass = new (entries?: [string, Version][], compare?: (a: string, b: string) => number) => SortedBTree;

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

/** Newest version of every key, by composite key in the order of bytes. Clones share what neither side has changed since. */
export class KeyIndex {
  readonly #tree: SortedBTree;

  constructor(tree: SortedBTree = new BTree(undefined, compareKeys)) {
    this.#tree = tree;
  }

  /** Keys held, deleted ones that compaction has not dropped yet included. */
  get size(): number {
    return this.#tree.size;
  }

  get(key: string): Version | undefined {
    return this.#tree.get(key);
  }

  set(key: string, newest: Version): void {
    this.#tree.set(key, newest);
  }

  delete(key: string): void {
    this.#tree.delete(key);
  }

  /** A copy that later changes of this index do not touch. Costs nothing now; each side copies the nodes that it changes. */
  clone(): KeyIndex {
    return new KeyIndex(this.#tree.clone());
  }

  /** Newest versions from `low` on, ascending. The pair is reused: it is valid until the next step. */
  ascending(low: string): IterableIterator<readonly [string, Version]> {
    return this.#tree.entries(low, []);
  }

  /** Newest versions of the keys below `high`, descending. The pair is reused. */
  descending(high: string): IterableIterator<readonly [string, Version]> {
    return this.#tree.entriesReversed(high, [], true);
  }
}
