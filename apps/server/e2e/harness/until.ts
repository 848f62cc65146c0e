/** Between two looks, in ms. */
const LOOK_MS = 20;

/**
 * Asks until the answer is there, and returns it.
 *
 * @throws with `what` and the last failure once `deadlineMs` have passed, or `hopeless` says that it will never be
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  deadlineMs = 60_000,
  hopeless: () => boolean = () => false,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    const isLast = hopeless() || performance.now() > end;
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (isLast) {
      const why = last instanceof Error ? `; last: ${last.message}` : '';
      throw new Error(`not within ${deadlineMs} ms: ${what}${why}`, { cause: last });
    }
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
}
