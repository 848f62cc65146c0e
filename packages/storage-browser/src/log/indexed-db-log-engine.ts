import { get } from 'idb-keyval';
import { type FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Durability, GroupWrite, LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '@flotilla/storage';
import { corrupt, failed, GroupState, groupWriteBytesMax, invalid, LogShape } from '@flotilla/storage/engine';
import { keysUnder, type StrictDatabase } from '../database/strict-database.js';
import { BlobKind, decodeBlob, encodeBlob } from './batch-blob.js';

/** Blobs read in one transaction. */
const PAGE = 200;
/** The log is not compacted before its blobs have so many bytes. */
const COMPACT_FROM_BYTES_DEFAULT = 4 * 1024 * 1024;
/** Entries of one part of a base, in bytes. */
const BASE_PART_BYTES = 1024 * 1024;
/** Batches of one blob, in bytes: what waits while a transaction is on its way goes into the next together. */
const MERGED_BYTES_MAX = 8 * 1024 * 1024;

interface Queued {
  readonly batch: LogBatch;
  readonly bytes: number;
  resolve(): void;
  reject(error: Error): void;
}

/** Beside the parts of a base: how many there are, and of which batch. */
interface BaseHead {
  readonly parts: number;
  readonly sequence: number;
}

/** Where a log stands, and how. */
export interface IndexedDbLogOptions {
  readonly database: StrictDatabase;
  readonly worker: number;
  /** Bytes of blobs from which on compaction is thought of (default 4 MiB). */
  readonly compactFromBytes?: number;
}

/**
 * The log in IndexedDB: one blob for all batches that waited, one strict transaction a blob, one transaction on its way. Compaction writes what
 * the log came to as a base and deletes all blobs before it, in one transaction too, so that no crash finds half of it.
 */
export class IndexedDbLogEngine implements LogEngine {
  readonly durability: Durability;
  readonly #database: StrictDatabase;
  readonly #worker: number;
  readonly #path: string;
  readonly #compactFromBytes: number;
  readonly #shape = new LogShape();
  /** What is durable. */
  readonly #groups = new Map<number, GroupState>();
  #queue: Queued[] = [];
  #flushing: Promise<void> | undefined;
  /** Of the last batch that is durable, or on its way. */
  #sequence = 0;
  #blobs = 0;
  #heldBytes = 0;
  #compactAtBytes: number;
  #appends = 0;
  #bytesWritten = 0;
  #syncs = 0;
  #state: 'new' | 'open' | 'closed' = 'new';
  #failure: FlotillaError | undefined;

  constructor({ database, worker, compactFromBytes = COMPACT_FROM_BYTES_DEFAULT }: IndexedDbLogOptions) {
    this.#database = database;
    this.#worker = worker;
    this.#path = `${database.name}/log-${worker}`;
    this.durability = database.durability;
    this.#compactFromBytes = compactFromBytes;
    this.#compactAtBytes = compactFromBytes;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    if (this.#state !== 'new') throw failed('recover', this.#path, 'it is recovered already, or closed');
    this.#state = 'open';
    try {
      await this.#readBase();
      await this.#readBlobs();
    } catch (error) {
      this.#failure = failed('recover', this.#path, error);
      throw error;
    }
    const groups = [...this.#groups.values()].sort((a, b) => a.group - b.group).map((state) => state.recovered());
    this.#shape.reset(groups);
    return groups;
  }

  async append(batch: LogBatch): Promise<void> {
    this.#check('append');
    const reason = this.#shape.refusal(batch);
    if (reason !== undefined) throw invalid('batch', reason);
    this.#shape.take(batch);
    const bytes = batch.reduce((sum, write) => sum + groupWriteBytesMax(write), 0);
    await new Promise<void>((resolve, reject) => {
      this.#queue.push({ batch, bytes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  stats(): LogEngineStats {
    return {
      appends: this.#appends,
      bytesWritten: this.#bytesWritten,
      syncs: this.#syncs,
      segments: this.#blobs,
      diskBytes: this.#heldBytes,
    };
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    await this.#flushing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(operation: string): void {
    if (this.#state !== 'open') throw failed(operation, this.#path, 'it is not recovered yet, or closed');
    if (this.#failure !== undefined) throw failed(operation, this.#path, this.#failure);
  }

  // Recovery

  async #readBase(): Promise<void> {
    const parts = await this.#page('base', -1, Infinity);
    const head = await get<BaseHead>(['log', this.#worker, 'base'], this.#database.store);
    if (parts.length !== (head?.parts ?? 0)) {
      throw corrupt(this.#path, 0, `its base has ${parts.length} parts where there should be ${head?.parts ?? 0}`);
    }
    this.#sequence = head?.sequence ?? 0;
    for (const [key, value] of parts) {
      const { kind, sequence, batches } = decodeBlob(value, `${this.#path}/base`, key);
      if (kind !== BlobKind.BASE || sequence !== this.#sequence) {
        throw corrupt(`${this.#path}/base`, key, `it is no part of the base at ${this.#sequence}`);
      }
      for (const batch of batches) for (const write of batch) this.#applyWrite(write);
      this.#hold(value);
    }
  }

  async #readBlobs(): Promise<void> {
    let after = -1;
    for (;;) {
      const page = await this.#page('batches', after, PAGE);
      for (const [key, value] of page) {
        const { kind, sequence, batches } = decodeBlob(value, this.#path, key);
        if (kind !== BlobKind.BATCHES || sequence !== key || sequence !== this.#sequence + 1) {
          throw corrupt(this.#path, key, `batch ${sequence} stands where ${this.#sequence + 1} is due`);
        }
        for (const batch of batches) this.#applyBatch(batch);
        this.#sequence += batches.length;
        this.#hold(value);
        after = key;
      }
      if (page.length < PAGE) return;
    }
  }

  async #page(kind: 'base' | 'batches', after: number, count: number): Promise<[number, unknown][]> {
    return this.#database.store('readonly', (store) => {
      const all = keysUnder('log', this.#worker, kind);
      const range = IDBKeyRange.bound(['log', this.#worker, kind, after], all.upper, true, false);
      const limit = Number.isFinite(count) ? count : undefined;
      const keys = store.getAllKeys(range, limit);
      const values = store.getAll(range, limit);
      return new Promise((resolve, reject) => {
        store.transaction.oncomplete = () =>
          resolve(keys.result.map((key, at) => [(key as number[])[3] ?? 0, values.result[at]]));
        store.transaction.onabort = () => reject(failed('read', this.#path, store.transaction.error));
      });
    });
  }

  #hold(value: unknown): void {
    this.#blobs++;
    this.#heldBytes += value instanceof ArrayBuffer ? value.byteLength : 0;
  }

  // Writing

  async #flush(): Promise<void> {
    // Whatever is appended in this turn goes into one transaction.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const merged = this.#takeQueued();
      try {
        await this.#write(merged);
      } catch (error) {
        this.#refuse(merged, error);
        continue;
      }
      for (const { batch } of merged) this.#applyBatch(batch);
      for (const { resolve } of merged) resolve();
      if (this.#heldBytes >= this.#compactAtBytes) await this.#compact();
    }
    this.#flushing = undefined;
  }

  #takeQueued(): Queued[] {
    let bytes = 0;
    let count = 0;
    for (const queued of this.#queue) {
      if (count > 0 && bytes + queued.bytes > MERGED_BYTES_MAX) break;
      bytes += queued.bytes;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #write(merged: readonly Queued[]): Promise<void> {
    if (this.#failure !== undefined) throw failed('append', this.#path, this.#failure);
    const sequence = this.#sequence + 1;
    const blob = encodeBlob(
      BlobKind.BATCHES,
      sequence,
      merged.map(({ batch }) => batch),
    );
    await this.#database.write(this.#path, (store) => {
      store.add(blob, ['log', this.#worker, 'batches', sequence]);
    });
    this.#sequence += merged.length;
    this.#hold(blob);
    this.#appends += merged.length;
    this.#bytesWritten += blob.byteLength;
    this.#syncs++;
  }

  /** A full quota undoes what was on its way and what waits behind it; anything else is the end of this engine. */
  #refuse(merged: readonly Queued[], cause: unknown): void {
    const refused = [...merged, ...this.#queue.splice(0)];
    const full = isFlotillaError(cause, 'StorageFull');
    if (full) this.#shape.reset([...this.#groups.values()].map((state) => state.recovered()));
    else this.#failure ??= failed('append', this.#path, cause);
    const error = full ? cause : failed('append', this.#path, cause);
    for (const { reject } of refused) reject(error);
  }

  #applyBatch(batch: LogBatch): void {
    for (const write of batch) this.#applyWrite(write);
  }

  #applyWrite(write: GroupWrite): void {
    let state = this.#groups.get(write.group);
    if (state === undefined) this.#groups.set(write.group, (state = new GroupState(write.group)));
    state.apply(write);
    if (state.isEmpty) this.#groups.delete(write.group);
  }

  // Compaction

  /** Replaces all blobs by what they came to, if that is less than half of them. A full quota puts it off. */
  async #compact(): Promise<void> {
    const writes = this.#baseWrites();
    // Nothing is encoded only to find out that it is too much.
    const bytesMax = writes.reduce((sum, write) => sum + groupWriteBytesMax(write), 0);
    if (2 * bytesMax <= this.#heldBytes) await this.#replaceBy(writes);
    this.#compactAtBytes = Math.max(this.#compactFromBytes, 2 * Math.max(bytesMax, this.#heldBytes));
  }

  async #replaceBy(writes: readonly GroupWrite[]): Promise<void> {
    let parts: readonly ArrayBuffer[];
    try {
      parts = baseParts(writes, this.#sequence);
      await this.#database.write(this.#path, (store) => {
        store.delete(keysUnder('log', this.#worker, 'base'));
        store.delete(keysUnder('log', this.#worker, 'batches'));
        parts.forEach((part, at) => store.put(part, ['log', this.#worker, 'base', at]));
        const head: BaseHead = { parts: parts.length, sequence: this.#sequence };
        store.put(head, ['log', this.#worker, 'base']);
      });
    } catch (error) {
      if (!isFlotillaError(error, 'StorageFull')) this.#failure ??= failed('compact', this.#path, error);
      return;
    }
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    this.#blobs = parts.length;
    this.#heldBytes = bytes;
    this.#bytesWritten += bytes;
    this.#syncs++;
  }

  /** What the log came to, one write for each group. */
  #baseWrites(): GroupWrite[] {
    return [...this.#groups.values()].map(({ group, hardState, snapshotMark, entries }) => ({
      group,
      ...(snapshotMark === undefined ? {} : { snapshotMark }),
      ...(hardState === undefined ? {} : { hardState }),
      ...(entries.length === 0 ? {} : { entries }),
    }));
  }
}

/** A base in blobs of about a MiB. */
function baseParts(writes: readonly GroupWrite[], sequence: number): readonly ArrayBuffer[] {
  const parts: ArrayBuffer[] = [];
  let part: GroupWrite[] = [];
  let bytes = 0;
  const end = (): void => {
    if (part.length > 0) parts.push(encodeBlob(BlobKind.BASE, sequence, [part]));
    part = [];
    bytes = 0;
  };
  for (const write of writes) {
    part.push(write);
    bytes += groupWriteBytesMax(write);
    if (bytes >= BASE_PART_BYTES) end();
  }
  end();
  return parts;
}
