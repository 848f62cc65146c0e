import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
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
  /** The log failed: nothing more will be written. */
  failed(error: FlotillaError): void;
}

/**
 * Writes what the append queue gathers: one batch in flight at a time, all groups together, the next one as soon as it has landed.
 * Nobody waits for it.
 */
export class LogWriter {
  readonly #parts: LogWriterParts;
  #writing: Promise<void> | undefined;
  #since = 0;
  #ended = false;

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
    return this.#writing !== undefined && runtime.now() - this.#since > stallMs;
  }

  /** Writes what is queued, unless a write is in flight: then it goes with the next. */
  start(): void {
    const { appends, log, runtime } = this.#parts;
    if (this.#ended || this.#writing !== undefined || !appends.hasPending) return;
    const batch = appends.take();
    if (batch.writes.length === 0) {
      this.#landed(batch);
      return;
    }
    this.#parts.started();
    this.#since = runtime.now();
    this.#writing = log.append(batch.writes).then(
      () => {
        this.#writing = undefined;
        this.#landed(batch);
        // The disk does not wait for the next turn.
        this.start();
      },
      (error: unknown) => this.#failed(batch, storageFailed(error)),
    );
  }

  #landed(batch: AppendBatch): void {
    this.#parts.appends.landed();
    if (!this.#ended) this.#parts.landed(batch);
    for (const waiter of batch.waiters) waiter.durable();
  }

  #failed(batch: AppendBatch, error: FlotillaError): void {
    this.#writing = undefined;
    if (!this.#ended) this.#parts.failed(error);
    for (const waiter of batch.waiters) waiter.failed(error);
  }

  /** Starts no more writes. */
  end(): void {
    this.#ended = true;
  }
}

function storageFailed(cause: unknown): FlotillaError {
  if (isFlotillaError(cause, 'StorageFailed') || isFlotillaError(cause, 'StorageFull')) return cause;
  return new FlotillaError('StorageFailed', {
    message: `the log could not be written: ${cause instanceof Error ? cause.message : String(cause)}; this node has left its groups, and must be restarted once the disk is mended`,
    details: { operation: 'append' },
    cause,
  });
}
