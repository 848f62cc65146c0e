import { ByteWriter } from '@flotilla/bytes';
import type { LogBatch } from '../log-engine.js';
import { beginBatch } from './batch-frame.js';
import { encodeGroupWrite } from './group-record.js';
import { type LogIndex, shareOf } from './log-index.js';
import type { Segment } from './segment.js';

/** An array larger than this is not kept for the next write. */
const KEPT_BYTES_MAX = 8 * 1024 * 1024;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Appends that will become one batch on disk: encoded as they come, straight into what will be written. */
export class PendingWrite {
  writer: ByteWriter = new ByteWriter(4096);
  /** A batch in it brings entries, so it may not use the last of the space. */
  hasEntries: boolean = false;
  readonly #batches: LogBatch[] = [];
  /** Bytes of each record, in order. */
  readonly #recordBytes: number[] = [];
  readonly #waiters: Waiter[] = [];

  /** Appends in it. */
  get appends(): number {
    return this.#waiters.length;
  }

  /** Nothing to be written, only to be waited for. */
  get isEmpty(): boolean {
    return this.#recordBytes.length === 0;
  }

  /** @param bytesMax What the records take at most. */
  add(batch: LogBatch, bytesMax: number, waiter: Waiter): void {
    this.#waiters.push(waiter);
    if (batch.length === 0) return;
    const writer = this.writer;
    if (writer.length === 0) beginBatch(writer);
    writer.reserve(bytesMax);
    for (let i = 0; i < batch.length; i++) {
      const write = batch[i];
      if (write === undefined) continue;
      const start = writer.length;
      encodeGroupWrite(writer, write);
      this.#recordBytes.push(writer.length - start);
      if (write.entries !== undefined && write.entries.length > 0) this.hasEntries = true;
    }
    this.#batches.push(batch);
  }

  /** The batch is durable: tells the index where its records stand, in order. Returns whether something may have died by it. */
  index(index: LogIndex, sequence: number, segment: Segment, payloadBytes: number, sectors: number): boolean {
    let at = 0;
    let hasKilled = false;
    for (const batch of this.#batches) {
      for (let i = 0; i < batch.length; i++) {
        const write = batch[i];
        if (write === undefined) continue;
        index.apply(write, sequence, segment, shareOf(this.#recordBytes[at++] ?? 0, payloadBytes, sectors));
        if (write.compactTo !== undefined || write.removed === true || write.resetLog === true) hasKilled = true;
      }
    }
    return hasKilled;
  }

  resolveAll(): void {
    for (const waiter of this.#waiters) waiter.resolve();
  }

  rejectAll(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
  }

  /** Empties it for another use. */
  reset(): void {
    if (this.writer.length > KEPT_BYTES_MAX) this.writer = new ByteWriter(4096);
    else this.writer.reset();
    this.hasEntries = false;
    this.#batches.length = 0;
    this.#recordBytes.length = 0;
    this.#waiters.length = 0;
  }
}
