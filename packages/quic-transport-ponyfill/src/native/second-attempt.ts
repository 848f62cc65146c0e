import { reasonOf } from './cancellation.js';

/**
 * Makes an attempt, and a second one beside it if the first has not settled after a while; whichever settles first counts. The other
 * is aborted, and what it may still give is handed to `discard`.
 */
export async function withSecondAttempt<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  afterMs: number,
  discard: (result: T) => void,
  signal: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(reasonOf(signal));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      let settled = false;
      const run = (): void => {
        attempt(controller.signal).then(
          (result) => {
            if (settled) discard(result);
            else resolve(result);
            settled = true;
          },
          (error: unknown) => {
            settled = true;
            reject(error);
          },
        );
      };
      run();
      timer = setTimeout(() => {
        if (!settled) run();
      }, afterMs);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    controller.abort(new Error('another attempt has settled'));
  }
}
