import { FlotillaError, invariant } from '@flotilla/errors';
import { History, type HistorySlice } from './history.js';
import { type KeyEntry, KeyIndex } from './key-index.js';
import { ValueArena } from './value-arena.js';
import { Version, versionAt } from './version.js';

const EMPTY = new Uint8Array(0);

/** Keeps what readers of `revision` and later see from being dropped, until it is released. */
export interface Pin {
  readonly revision: number;
}

/** Size of a store. */
export interface KvStoreStats {
  readonly revision: number;
  readonly compactRevision: number;
  /** Keys that exist at `revision`. */
  readonly keys: number;
  /** Versions that can still be watched. */
  readonly historyVersions: number;
  /** Bytes that those versions keep in memory; an estimate. */
  readonly historyBytes: number;
  /** Bytes that all versions keep in memory; an estimate. */
  readonly bytes: number;
}

/** The state of a store as of one revision, while it goes on changing. */
export interface StoreContents {
  readonly pin: Pin;
  readonly revision: number;
  readonly compactRevision: number;
  /** Holds keys and versions of later writes too; those of `revision` are all in it as long as the pin is held. */
  readonly index: KeyIndex;
  readonly history: HistorySlice;
}

/**
 * The multi-version store of one group, in memory: etcd v3's data model, without its codec. One revision counter for all
 * keys; the empty store has revision 1; the writes between two commits share one revision and become visible together.
 *
 * Compaction takes effect at once for readers, and drops versions in pieces, later, when nothing pins them.
 */
export class KvStore {
  #index = new KeyIndex();
  readonly #history = new History();
  readonly #arena = new ValueArena();
  readonly #pins: Pin[] = [];
  #revision = 1;
  #compactRevision = 0;
  /** Writes since the last commit. */
  #pending = 0;
  #keys = 0;
  #bytes = 0;
  #historyBytes = 0;

  /** Revision of the last committed write; 1 when there is none. */
  get revision(): number {
    return this.#revision;
  }

  /** No revision below it can be read, none below it watched; 0: nothing was compacted. */
  get compactRevision(): number {
    return this.#compactRevision;
  }

  /** Committed versions that can be watched, by revision. Changed by nobody but the store. */
  get history(): History {
    return this.#history;
  }

  get stats(): KvStoreStats {
    return {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      keys: this.#keys,
      historyVersions: this.#history.end - this.#history.first,
      historyBytes: this.#historyBytes,
      bytes: this.#bytes,
    };
  }

  /** The live version of a key, writes that are not committed included. */
  latest(key: string): Version | undefined {
    const version = this.#index.get(key);
    return version === undefined || version.version === 0 ? undefined : version;
  }

  /** The live version of a key as of a revision. */
  at(key: string, revision: number): Version | undefined {
    return versionAt(this.#index.get(key), revision);
  }

  /** Keys from `low` on with their newest versions, deleted ones included. Valid until the next write. */
  ascending(low: string): IterableIterator<readonly [string, KeyEntry]> {
    return this.#index.ascending(low);
  }

  /** Keys below `high`, descending, with their newest versions, deleted ones included. Valid until the next write. */
  descending(high: string): IterableIterator<readonly [string, KeyEntry]> {
    return this.#index.descending(high);
  }

  /**
   * The revision that a reader who asks for `revision` (0: now) sees.
   *
   * @throws {FlotillaError} Compacted below the compaction point, FutureRevision above the store's revision.
   */
  readableRevision(revision: number): number {
    if (revision === 0) return this.#revision;
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    if (revision < this.#compactRevision) throw compacted(revision, this.#compactRevision);
    return revision;
  }

  /** Writes a key at the next revision and returns the live version before. Not visible as a revision until `commit`. */
  put(key: string, value: Uint8Array, lease: number): Version | undefined {
    const newest = this.#index.get(key);
    const mod = this.#revision + 1;
    let version: Version;
    let before: Version | undefined;
    if (newest === undefined || newest.version === 0) {
      version = new Version(key, mod, mod, 1, lease, EMPTY, newest);
      this.#keys++;
    } else {
      before = newest;
      version = new Version(key, mod, newest.create, newest.version + 1, lease, EMPTY, newest);
    }
    this.#arena.own(version, value);
    this.#append(version);
    return before;
  }

  /** Deletes a key at the next revision and returns the live version before; does nothing where there is none. */
  delete(key: string): Version | undefined {
    const newest = this.#index.get(key);
    if (newest === undefined || newest.version === 0) return undefined;
    this.#append(new Version(key, this.#revision + 1, 0, 0, 0, EMPTY, newest));
    this.#keys--;
    return newest;
  }

  #append(version: Version): void {
    this.#index.set(version.key, version);
    this.#history.push(version);
    this.#bytes += version.bytes;
    this.#historyBytes += version.bytes;
    this.#pending++;
  }

  /** Makes the writes since the last commit one revision; without any the revision stays. Returns the revision. */
  commit(): number {
    if (this.#pending > 0) {
      this.#pending = 0;
      this.#revision++;
    }
    return this.#revision;
  }

  /** Takes back the writes since the last commit. */
  rollback(): void {
    for (; this.#pending > 0; this.#pending--) {
      const version = this.#history.pop();
      invariant(version !== undefined, 'a pending write is missing in the history');
      const { prev } = version;
      if (prev === undefined) this.#index.delete(version.key);
      else this.#index.set(version.key, prev);
      this.#bytes -= version.bytes;
      this.#historyBytes -= version.bytes;
      this.#arena.release(version);
      if (version.version === 1) this.#keys--;
      else if (version.version === 0) this.#keys++;
    }
  }

  /**
   * Gives up all revisions below `revision`: they can be neither read nor watched from now on.
   *
   * @throws {FlotillaError} Compacted where it was done already, at this revision or a higher one; FutureRevision above the store's.
   */
  compact(revision: number): void {
    if (revision <= this.#compactRevision) throw compacted(revision, this.#compactRevision);
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    this.#compactRevision = revision;
  }

  /** Versions that were compacted and are still in memory, because of pins or because their turn has not come. */
  get compactionPending(): boolean {
    const { first, end } = this.#history;
    return first < end && this.#history.at(first).mod < this.#compactionFloor();
  }

  /** Up to where versions may be dropped: the compaction point, or the lowest pin where that is lower. */
  #compactionFloor(): number {
    let floor = this.#compactRevision;
    for (const pin of this.#pins) floor = Math.min(floor, pin.revision);
    return floor;
  }

  /** Drops compacted versions that nothing pins, looking at no more than `max` of them. */
  compactSome(max: number = Number.MAX_SAFE_INTEGER): void {
    const floor = this.#compactionFloor();
    const { end, first } = this.#history;
    const stop = Math.min(end, first + max);
    let position = first;
    for (; position < stop; position++) {
      const version = this.#history.at(position);
      if (version.mod >= floor) break;
      this.#historyBytes -= version.bytes;
      this.#settle(version);
    }
    if (position > first) this.#history.dropBefore(position);
  }

  /** `version` is below the compaction point: what it superseded goes, and so does itself where it is a delete. */
  #settle(version: Version): void {
    const { prev } = version;
    if (prev !== undefined) {
      version.prev = undefined;
      this.#drop(prev);
    }
    if (version.version === 0 && this.#index.get(version.key) === version) {
      this.#index.delete(version.key);
      this.#drop(version);
    }
  }

  #drop(version: Version): void {
    this.#bytes -= version.bytes;
    this.#arena.release(version);
  }

  /** Keeps what readers of `revision` and later see, until `unpin`. @throws {FlotillaError} as `readableRevision`. */
  pin(revision: number): Pin {
    const pin: Pin = { revision: this.readableRevision(revision) };
    this.#pins.push(pin);
    return pin;
  }

  /** Gives up a pin; a second time does nothing. */
  unpin(pin: Pin): void {
    const at = this.#pins.indexOf(pin);
    if (at >= 0) this.#pins.splice(at, 1);
  }

  /**
   * The contents as of now, which can be read while later writes go on: versions are never changed, and the pin keeps them
   * from being dropped. The caller unpins it when it has read them.
   */
  pinContents(): StoreContents {
    invariant(this.#pending === 0, () => `${this.#pending} writes are not committed`);
    return {
      pin: this.pin(Math.max(1, this.#compactRevision)),
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      index: this.#index,
      history: this.#history.slice(this.#history.seek(this.#compactRevision)),
    };
  }

  /** Adds a version from a snapshot, in the order of the snapshot: those from before the compaction point, then the history. */
  load(version: Version, value: Uint8Array, where: 'base' | 'history'): void {
    this.#arena.own(version, value);
    version.prev = this.#index.get(version.key);
    const lived = version.prev !== undefined && version.prev.version > 0;
    if (version.version > 0 && !lived) this.#keys++;
    else if (version.version === 0 && lived) this.#keys--;
    this.#index.set(version.key, version);
    if (where === 'history') {
      this.#history.push(version);
      this.#historyBytes += version.bytes;
    }
    this.#bytes += version.bytes;
  }

  /** Sets the revisions of a store that was loaded from a snapshot. */
  loaded(revision: number, compactRevision: number): void {
    this.#revision = revision;
    this.#compactRevision = compactRevision;
  }
}

function compacted(revision: number, compactRevision: number): FlotillaError<'Compacted'> {
  return new FlotillaError('Compacted', {
    message: `revision ${revision} was compacted; revisions from ${compactRevision} on can be read`,
    details: { revision, compactRevision },
  });
}

function futureRevision(revision: number, currentRevision: number): FlotillaError<'FutureRevision'> {
  return new FlotillaError('FutureRevision', {
    message: `revision ${revision} does not exist yet; the last one is ${currentRevision}`,
    details: { revision, currentRevision },
  });
}
