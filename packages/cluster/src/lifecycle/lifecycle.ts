import { FlotillaError } from '@flotilla/errors';
import { onAbort } from '@flotilla/runtime';
import type { LifecyclePhase, LifecycleState } from './lifecycle-state.js';

/** Told of every transition, in order, within the call that made it. Must not throw. */
export type LifecycleListener = (state: LifecycleState, previous: LifecycleState) => void;

/**
 * The lifecycle of one node. Any state may follow any other, but for `stopping`, which is the last.
 * A `failed` node keeps the error that made it fail, so that waiters get it and not a text.
 */
export class Lifecycle {
  #state: LifecycleState = { phase: 'starting' };
  #failure: FlotillaError | undefined;
  readonly #listeners = new Set<LifecycleListener>();

  get state(): LifecycleState {
    return this.#state;
  }

  /** What made the node fail; undefined unless the state is `failed`. */
  get failure(): FlotillaError | undefined {
    return this.#state.phase === 'failed' ? this.#failure : undefined;
  }

  /** Tells `listener` of every later transition, until the returned function is called. */
  watch(listener: LifecycleListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Goes to `state`; does nothing once stopping, or where nothing changes. */
  to(state: Exclude<LifecycleState, { phase: 'failed' }>): void {
    this.#enter(state);
  }

  /** Goes to `failed`, keeping the error. What fails after that, as what was under way then does, explains nothing. */
  fail(error: FlotillaError): void {
    if (this.#state.phase === 'stopping' || this.#state.phase === 'failed') return;
    this.#failure = error;
    this.#enter({ phase: 'failed', reason: error.message });
  }

  /**
   * Resolves once the node is ready; at once if it is.
   *
   * Rejects with the failure's own error when the node fails, with Shutdown when it stops, with Aborted on `signal`.
   */
  whenReady(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        switch (this.#state.phase) {
          case 'ready':
            resolve();
            return true;
          case 'failed':
            reject(this.#failure ?? notExplained());
            return true;
          case 'stopping':
            reject(new FlotillaError('Shutdown', { message: 'the node stops before it became ready', details: {} }));
            return true;
          default:
            return false;
        }
      };
      if (settle()) return;
      if (signal?.aborted === true) {
        reject(aborted(signal));
        return;
      }
      const done = (): void => {
        unwatch();
        forgetSignal?.();
      };
      const unwatch = this.watch(() => {
        if (settle()) done();
      });
      const forgetSignal =
        signal &&
        onAbort(signal, () => {
          done();
          reject(aborted(signal));
        });
    });
  }

  #enter(state: LifecycleState): void {
    const previous = this.#state;
    if (previous.phase === 'stopping' || same(previous, state)) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state, previous);
  }
}

/** The one-hot form of a state: exactly one phase is 1. */
export function oneHot(state: LifecycleState, phase: LifecyclePhase): 0 | 1 {
  return state.phase === phase ? 1 : 0;
}

function same(a: LifecycleState, b: LifecycleState): boolean {
  if (a.phase === 'joining' && b.phase === 'joining') return a.attempt === b.attempt;
  if (a.phase === 'ready' && b.phase === 'ready') return a.nodes === b.nodes;
  if (a.phase === 'failed' && b.phase === 'failed') return a.reason === b.reason;
  return a.phase === b.phase;
}

function aborted(signal: AbortSignal | undefined): FlotillaError {
  return new FlotillaError('Aborted', { message: 'waiting was given up', details: {}, cause: signal?.reason });
}

function notExplained(): FlotillaError {
  return new FlotillaError('Internal', { message: 'the node failed', details: { reason: 'no error was kept' } });
}
