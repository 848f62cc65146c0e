import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { LogEngine } from '@flotilla/storage';
import type { AppendBatch, AppendQueue } from './append-queue.js';

/** What a writer works with, and whom it tells. */
export interface LogWriterParts {
  readonly log: LogEngine;
  readonly appends: AppendQueue;
  readonly runtime: Runtime;
  /** A write that takes longer is taken for one that hangs. */
  readonly stallMs: number;
  /** A batch is handed to the log. */
  started(): void;
  /** A batch is durable. */
  landed(batch: AppendBatch): void;
  /** There is no room for a batch. It is tried again until there is, before anything that came after it. */
  full(error: FlotillaError): void;
  /** The log failed: nothing more will be written. */
  failed(error: FlotillaError): void;
}

/** Wait between two attempts to write a batch for which there is no room (ms). */
const ROOM_RETRY_MS = 500;

/**
 * Writes what the append queue gathers: one batch in flight at a time, all groups together, the next one as soon as it has landed.
 * Nobody waits for it.
 *
 * A batch that the log has no room for is not done at all (`LogEngine`), and stays in flight: to the groups it is a write that takes long.
 * The very same batch is tried again until it lands; what comes later gathers behind it, and never overtakes.
 */
export class LogWriter {
  readonly #parts: LogWriterParts;
  #writing: Promise<void> | undefined;
  #since = 0;
  #ended = false;
  /** The batch for which there is no room. */
  #stuck: AppendBatch | undefined;
  #retry: Timer | undefined;

  constructor(parts: LogWriterParts) {
    this.#parts = parts;
  }

  /** The write in flight; never rejects. */
  get writing(): Promise<void> | undefined {
    return this.#writing;
  }

  /** Whether the write in flight takes so long that the disk must be taken to hang. */
  get isStalled(): boolean {
    const { runtime, stallMs } = this.#parts;
    return this.isFull || (this.#writing !== undefined && runtime.now() - this.#since > stallMs);
  }

  /** Whether a batch waits for room. */
  get isFull(): boolean {
    return this.#stuck !== undefined;
  }

  /** Writes what is queued, unless a write is in flight: then it goes with the next. */
  start(): void {
    const { appends } = this.#parts;
    if (this.#ended || this.#writing !== undefined || this.#stuck !== undefined || !appends.hasPending) return;
    const batch = appends.take();
    if (batch.writes.length === 0) {
      this.#landed(batch);
      return;
    }
    this.#parts.started();
    this.#write(batch);
  }

  #write(batch: AppendBatch): void {
    const { log, runtime } = this.#parts;
    this.#since = runtime.now();
    this.#writing = log.append(batch.writes).then(
      () => {
        this.#writing = undefined;
        this.#stuck = undefined;
        this.#landed(batch);
        // The disk does not wait for the next turn.
        this.start();
      },
      (error: unknown) => {
        this.#writing = undefined;
        if (isFlotillaError(error, 'StorageFull') && !this.#ended) this.#waitForRoom(batch, error);
        else this.#failed(batch, storageFailed(error));
      },
    );
  }

  #waitForRoom(batch: AppendBatch, error: FlotillaError): void {
    this.#stuck = batch;
    this.#retry = this.#parts.runtime.setTimer(ROOM_RETRY_MS, () => {
      this.#retry = undefined;
      this.#write(batch);
    });
    this.#parts.full(error);
  }

  #landed(batch: AppendBatch): void {
    this.#parts.appends.landed();
    if (!this.#ended) this.#parts.landed(batch);
    for (const waiter of batch.waiters) waiter.durable();
  }

  #failed(batch: AppendBatch, error: FlotillaError): void {
    this.#stuck = undefined;
    if (!this.#ended) this.#parts.failed(error);
    for (const waiter of batch.waiters) waiter.failed(error);
  }

  /** Starts no more writes. What waits for room fails with `error`. */
  end(error: FlotillaError): void {
    this.#ended = true;
    const stuck = this.#stuck;
    if (stuck === undefined || this.#writing !== undefined) return;
    this.#retry?.cancel();
    this.#failed(stuck, error);
  }
}

function storageFailed(cause: unknown): FlotillaError {
  if (isFlotillaError(cause, 'StorageFailed')) return cause;
  return new FlotillaError('StorageFailed', {
    message: `the log could not be written: ${cause instanceof Error ? cause.message : String(cause)}; this node has left its groups, and must be restarted once the disk is mended`,
    details: { operation: 'append' },
    cause,
  });
}
