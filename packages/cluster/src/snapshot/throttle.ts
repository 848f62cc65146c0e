import { FlotillaError } from '@flotilla/errors';
import { onAbort, type Runtime } from '@flotilla/runtime';

/** Waits; rejects with Aborted as soon as the signal does. */
export function pause(runtime: Runtime, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(givenUp(signal));
      return;
    }
    const timer = runtime.setTimer(ms, () => {
      unwatch();
      resolve();
    });
    const unwatch = onAbort(signal, () => {
      timer.cancel();
      reject(givenUp(signal));
    });
  });
}

/** What `promise` resolves with, or Timeout after `ms`, or Aborted as soon as the signal does. The promise itself goes on. */
export function within<T>(
  runtime: Runtime,
  operation: string,
  ms: number,
  signal: AbortSignal,
  promise: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => settle(() => reject(givenUp(signal)));
    const timer = runtime.setTimer(ms, () =>
      settle(() =>
        reject(
          new FlotillaError('Timeout', {
            message: `${operation}: no progress for ${ms} ms`,
            details: { operation, ms },
          }),
        ),
      ),
    );
    const settle = (end: () => void): void => {
      timer.cancel();
      unwatch();
      end();
    };
    const unwatch = onAbort(signal, giveUp);
    promise.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
    if (signal.aborted) giveUp();
  });
}

function givenUp(signal: AbortSignal): FlotillaError<'Aborted'> {
  return new FlotillaError('Aborted', {
    message: 'the transfer of a snapshot was given up',
    details: {},
    cause: signal.reason,
  });
}

/** Bytes a second, shared by all who send: a bucket that holds at most a tenth of a second's worth. */
export class Throttle {
  readonly #runtime: Runtime;
  readonly #bytesPerSecond: number;
  /** Time at which all that was granted so far is paid for. */
  #paidAt: number;

  constructor(runtime: Runtime, bytesPerSecond: number) {
    this.#runtime = runtime;
    this.#bytesPerSecond = bytesPerSecond;
    this.#paidAt = runtime.now();
  }

  /** Resolves when `bytes` may be sent. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#runtime.now();
    const from = Math.max(this.#paidAt, now - 100);
    this.#paidAt = from + (bytes / this.#bytesPerSecond) * 1000;
    const waitMs = from - now;
    if (waitMs > 0) await pause(this.#runtime, waitMs, signal);
  }
}
