import { FlotillaError, invariant } from '@flotilla/errors';
import { onAbort } from '@flotilla/runtime';

/** How a wait for an index ended: its effects are visible, or the group was dropped from this node. */
export type AppliedOutcome = 'reached' | 'gone';

interface Watcher {
  readonly index: number;
  readonly resolve: (outcome: AppliedOutcome) => void;
  readonly reject: (error: FlotillaError) => void;
}

/**
 * The highest index whose effects are visible on this node, and those who wait for one. Monotonic: it moves after a batch
 * was applied, and after the state of an installed snapshot was swapped in.
 */
export class AppliedWatermark {
  #index: number;
  /** Descending by index, so that those to wake stand at the end. */
  #watchers: Watcher[] = [];
  #ended: 'no' | 'gone' | (() => FlotillaError) = 'no';

  constructor(index: number) {
    this.#index = index;
  }

  get index(): number {
    return this.#index;
  }

  /** How many wait. */
  get watching(): number {
    return this.#watchers.length;
  }

  /** Moves the mark, and wakes those who waited for it. */
  advance(index: number): void {
    invariant(index >= this.#index, () => `the applied index would fall from ${this.#index} to ${index}`);
    this.#index = index;
    for (;;) {
      const watcher = this.#watchers[this.#watchers.length - 1];
      if (watcher === undefined || watcher.index > index) return;
      this.#watchers.pop();
      watcher.resolve('reached');
    }
  }

  /** The group leaves this node: all who wait learn that it is gone. */
  gone(): void {
    this.#ended = 'gone';
    for (const watcher of this.#takeAll()) watcher.resolve('gone');
  }

  /** The node stops: all who wait are failed. */
  shutdown(error: () => FlotillaError): void {
    this.#ended = error;
    for (const watcher of this.#takeAll()) watcher.reject(error());
  }

  #takeAll(): Watcher[] {
    const watchers = this.#watchers;
    this.#watchers = [];
    return watchers;
  }

  /** Resolves when the mark is at or above `index`, or the group is gone; rejects with Aborted or Shutdown. */
  wait(index: number, signal?: AbortSignal): Promise<AppliedOutcome> {
    if (this.#ended === 'gone') return Promise.resolve('gone');
    if (this.#index >= index) return Promise.resolve('reached');
    if (this.#ended !== 'no') return Promise.reject(this.#ended());
    if (signal?.aborted === true) return Promise.reject(aborted(index, signal));
    return new Promise((resolve, reject) => {
      const watcher: Watcher = {
        index,
        resolve: (outcome) => {
          unwatch?.();
          resolve(outcome);
        },
        reject: (error) => {
          unwatch?.();
          reject(error);
        },
      };
      const unwatch =
        signal &&
        onAbort(signal, () => {
          this.#watchers = this.#watchers.filter((other) => other !== watcher);
          reject(aborted(index, signal));
        });
      this.#insert(watcher);
    });
  }

  #insert(watcher: Watcher): void {
    let at = this.#watchers.length;
    while (at > 0 && (this.#watchers[at - 1] as Watcher).index < watcher.index) at--;
    this.#watchers.splice(at, 0, watcher);
  }
}

function aborted(index: number, signal: AbortSignal | undefined): FlotillaError {
  return new FlotillaError('Aborted', {
    message: `waiting for index ${index} was given up`,
    details: {},
    cause: signal?.reason,
  });
}
