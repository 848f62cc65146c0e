import { ByteWriter } from '@flotilla/bytes';
import { type WatchEvent, writeWatchEvent } from '../protocol/watch-event.js';
import { keyValueOf } from '../store/key-value.js';
import type { KvStore } from '../store/kv-store.js';
import type { Version } from '../store/version.js';

/** Encodes each event of a turn once for each of its two forms, with and without the pair before, however many watch it. */
export class EventEncoder {
  readonly #writer = new ByteWriter(1_024);
  readonly #plain = new Map<number, Uint8Array>();
  readonly #withPrev = new Map<number, Uint8Array>();

  /** The bytes of the event at a position of the store's history. */
  encode(store: KvStore, position: number, prevKv: boolean): Uint8Array {
    const cache = prevKv ? this.#withPrev : this.#plain;
    let bytes = cache.get(position);
    if (bytes === undefined) {
      this.#writer.reset();
      writeWatchEvent(this.#writer, eventOf(store, store.history.at(position), prevKv));
      bytes = this.#writer.copy();
      cache.set(position, bytes);
    }
    return bytes;
  }

  /** Forgets what was encoded: the turn is over. */
  clear(): void {
    this.#plain.clear();
    this.#withPrev.clear();
  }
}

function eventOf(store: KvStore, version: Version, prevKv: boolean): WatchEvent {
  const before = prevKv ? versionBefore(store, version) : undefined;
  return {
    type: version.deleted ? 'delete' : 'put',
    kv: keyValueOf(version),
    prevKv: before === undefined ? undefined : keyValueOf(before),
  };
}

/** The live version as of the revision before `version`'s own, unless that was compacted. */
function versionBefore(store: KvStore, version: Version): Version | undefined {
  if (version.mod <= store.compactRevision) return undefined;
  let before = version.prev;
  while (before !== undefined && before.mod === version.mod) before = before.prev;
  return before === undefined || before.deleted ? undefined : before;
}
