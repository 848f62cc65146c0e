import { onAbort } from './on-abort.js';
import type { Runtime } from './runtime.js';

/**
 * Resolves after `ms` by the runtime's clock.
 *
 * Rejects with the signal's reason once it aborts, also when it was aborted before; the timer is then gone.
 */
export function delay(runtime: Runtime, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const timer = runtime.setTimer(ms, () => {
      unwatch?.();
      resolve();
    });
    const unwatch =
      signal &&
      onAbort(signal, () => {
        timer.cancel();
        reject(signal.reason);
      });
  });
}

/** Resolves in a later macrotask (see `Runtime.nextTurn`). */
export function turn(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => runtime.nextTurn(resolve));
}

/** What bounds a piece of work. */
export interface Deadline {
  /** From now, by the runtime's clock. */
  readonly ms: number;
  /** The caller's own signal: its abort ends the work with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The error with which the work ends when `ms` have passed. */
  readonly expired: () => Error;
}

/**
 * Does `work` with a signal that aborts at the deadline, or when the caller's signal does. Settles as the work does, but
 * no later than the abort, also where the work does not listen; timer and listener are gone then.
 */
export function withDeadline<T>(
  runtime: Runtime,
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { ms, signal, expired } = deadline;
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const controller = new AbortController();
    const stop = (): void => {
      timer.cancel();
      unwatch?.();
    };
    const giveUp = (reason: unknown): void => {
      stop();
      reject(reason);
      controller.abort(reason);
    };
    const timer = runtime.setTimer(ms, () => giveUp(expired()));
    const unwatch = signal && onAbort(signal, () => giveUp(signal.reason));
    const settle = (finish: () => void): void => {
      stop();
      finish();
    };
    new Promise<T>((begin) => begin(work(controller.signal))).then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
