import { FlotillaError } from '@flotilla/errors';
import { onAbort } from '@flotilla/runtime';
import type { Proposed, ProposalSink, ReadSink } from '../group/completion-sink.js';

/**
 * Slots of promises: the promise API as a thin wrapper over the sinks, one promise a request. A slot is free again when its
 * request is completed; giving up waiting rejects the promise and leaves the slot to its request.
 */
class PromiseSlots<T> {
  readonly #resolve: ((value: T) => void)[] = [];
  readonly #reject: ((error: unknown) => void)[] = [];
  readonly #free: number[] = [];

  open(resolve: (value: T) => void, reject: (error: unknown) => void): number {
    const slot = this.#free.pop() ?? this.#resolve.length;
    this.#resolve[slot] = resolve;
    this.#reject[slot] = reject;
    return slot;
  }

  complete(slot: number, value: T): void {
    this.#resolve[slot]?.(value);
    this.#release(slot);
  }

  fail(slot: number, error: unknown): void {
    this.#reject[slot]?.(error);
    this.#release(slot);
  }

  #release(slot: number): void {
    this.#resolve[slot] = ignore;
    this.#reject[slot] = ignore;
    this.#free.push(slot);
  }
}

function ignore(): void {
  // The slot is free: nobody waits.
}

/** Waits for what `start` completes, until the signal aborts. */
export function untilAborted<T>(
  what: string,
  signal: AbortSignal | undefined,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  if (signal === undefined) return new Promise(start);
  if (signal.aborted) return Promise.reject(gaveUp(what, signal));
  return new Promise((resolve, reject) => {
    const unwatch = onAbort(signal, () => reject(gaveUp(what, signal)));
    start(
      (value) => {
        unwatch();
        resolve(value);
      },
      (error) => {
        unwatch();
        reject(error);
      },
    );
  });
}

function gaveUp(what: string, signal: AbortSignal): FlotillaError<'Aborted'> {
  return new FlotillaError('Aborted', {
    message: `${what}: the caller waits no longer, which takes nothing back`,
    details: {},
    cause: signal.reason,
  });
}

/** The sink of proposals made by promise. */
export class ProposalPromises implements ProposalSink {
  readonly #slots = new PromiseSlots<Proposed>();

  /** Opens a slot, hands it to `submit`, and gives the promise of its outcome. */
  wait(signal: AbortSignal | undefined, submit: (slot: number) => void): Promise<Proposed> {
    return untilAborted('a proposal', signal, (resolve, reject) => submit(this.#slots.open(resolve, reject)));
  }

  applied(slot: number, group: number, index: number, term: number, result: Uint8Array): void {
    this.#slots.complete(slot, { group, index, term, result });
  }

  failed(slot: number, error: FlotillaError): void {
    this.#slots.fail(slot, error);
  }
}

/** The sink of reads made by promise. */
export class ReadPromises implements ReadSink {
  readonly #slots = new PromiseSlots<number>();

  /** Opens a slot, hands it to `submit`, and gives the promise of the read index. */
  wait(signal: AbortSignal | undefined, submit: (slot: number) => void): Promise<number> {
    return untilAborted('a read', signal, (resolve, reject) => submit(this.#slots.open(resolve, reject)));
  }

  ready(slot: number, _group: number, index: number): void {
    this.#slots.complete(slot, index);
  }

  failed(slot: number, error: FlotillaError): void {
    this.#slots.fail(slot, error);
  }
}
