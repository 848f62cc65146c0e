import type { CompositeRange } from '../store/composite-range.js';

/** What an index needs to know of a watcher. */
export interface Watching {
  readonly range: CompositeRange;
}

/**
 * Which watchers a key concerns. Watches of one key and of one prefix, which are nearly all, are found by hash; only other
 * ranges are looked through one by one.
 */
export class WatchIndex<W extends Watching> {
  readonly #byKey = new Map<string, Set<W>>();
  readonly #byPrefix = new Map<string, Set<W>>();
  /** Lengths of the prefixes in `#byPrefix`, with how many prefixes have it. */
  readonly #prefixLengths = new Map<number, number>();
  readonly #ranges = new Set<W>();

  add(watcher: W): void {
    const { low, high, single } = watcher.range;
    if (single) {
      addTo(this.#byKey, low, watcher);
    } else if (isPrefix(low, high)) {
      if (addTo(this.#byPrefix, low, watcher)) {
        this.#prefixLengths.set(low.length, (this.#prefixLengths.get(low.length) ?? 0) + 1);
      }
    } else {
      this.#ranges.add(watcher);
    }
  }

  delete(watcher: W): void {
    const { low, high, single } = watcher.range;
    if (single) {
      deleteFrom(this.#byKey, low, watcher);
    } else if (isPrefix(low, high)) {
      if (!deleteFrom(this.#byPrefix, low, watcher)) return;
      const left = (this.#prefixLengths.get(low.length) ?? 0) - 1;
      if (left > 0) this.#prefixLengths.set(low.length, left);
      else this.#prefixLengths.delete(low.length);
    } else {
      this.#ranges.delete(watcher);
    }
  }

  /** Calls back with each watcher whose range holds the key, once. */
  match(key: string, found: (watcher: W) => void): void {
    this.#byKey.get(key)?.forEach(found);
    for (const length of this.#prefixLengths.keys()) {
      if (length <= key.length) this.#byPrefix.get(key.slice(0, length))?.forEach(found);
    }
    for (const watcher of this.#ranges) {
      if (key >= watcher.range.low && key < watcher.range.high) found(watcher);
    }
  }
}

/** Whether [low, high) is all that begins with `low`. */
function isPrefix(low: string, high: string): boolean {
  const last = low.length - 1;
  return (
    high.length === low.length &&
    high.charCodeAt(last) === low.charCodeAt(last) + 1 &&
    high.slice(0, last) === low.slice(0, last)
  );
}

/** True where the key was not there. */
function addTo<W>(sets: Map<string, Set<W>>, key: string, watcher: W): boolean {
  const present = sets.get(key);
  if (present !== undefined) {
    present.add(watcher);
    return false;
  }
  sets.set(key, new Set([watcher]));
  return true;
}

/** True where the key is gone with its last watcher. */
function deleteFrom<W>(sets: Map<string, Set<W>>, key: string, watcher: W): boolean {
  const present = sets.get(key);
  if (present === undefined || !present.delete(watcher) || present.size > 0) return false;
  sets.delete(key);
  return true;
}
