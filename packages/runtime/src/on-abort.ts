/** What waits for each signal. */
const waiting = new WeakMap<AbortSignal, SignalWaiters>();

/**
 * Calls `run` once, when the signal aborts, in the order of the calls; never where it had aborted before. The returned function takes that back.
 *
 * However many wait for a signal, it has one listener, and none once nobody waits: all requests of a node end with the node, and a signal
 * looks through all its listeners for each that comes or goes (some engines warn of a leak from the eleventh on).
 */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  if (signal.aborted) return nothing;
  let waiters = waiting.get(signal);
  if (waiters === undefined) {
    waiters = new SignalWaiters(signal);
    waiting.set(signal, waiters);
  }
  return waiters.add(run);
}

class SignalWaiters {
  readonly #signal: AbortSignal;
  readonly #all = new Set<{ readonly run: () => void }>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(run: () => void): () => void {
    if (this.#all.size === 0) this.#signal.addEventListener('abort', this.#fire, { once: true });
    const waiter = { run };
    this.#all.add(waiter);
    return () => this.#remove(waiter);
  }

  #remove(waiter: { readonly run: () => void }): void {
    if (this.#all.delete(waiter) && this.#all.size === 0) this.#signal.removeEventListener('abort', this.#fire);
  }

  readonly #fire = (): void => {
    // Who is taken back meanwhile is not called.
    for (const { run } of this.#all) run();
    this.#all.clear();
  };
}

function nothing(): void {
  // The signal will not abort again.
}
