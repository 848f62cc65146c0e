/** Between two looks, in ms. */
const LOOK_MS = 50;

/**
 * Asks until the answer is there, and returns it.
 *
 * @throws with `what` and the last failure once `deadlineMs` have passed, or `hopeless` says that it will never be
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs: number,
  hopeless: () => boolean = () => false,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const isLast = hopeless() || performance.now() > end;
    let failure: unknown;
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      failure = error;
    }
    if (isLast) {
      const why = failure instanceof Error ? ` (${failure.message})` : '';
      throw new Error(`not within ${Math.round(deadlineMs / 1_000)} s: ${what}${why}`, { cause: failure });
    }
    await sleep(LOOK_MS);
  }
}

/** The promise, but not for ever. @throws with `what` once `deadlineMs` have passed */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`not within ${Math.round(deadlineMs / 1_000)} s: ${what}`)),
    deadlineMs,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits; ends early, without a word, when the signal aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const wake = (): void => resolve();
  signal?.addEventListener('abort', wake, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', wake);
}
