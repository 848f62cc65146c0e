import type { PendingRequest } from '../request/pending-request.js';

/**
 * One session: the pair of a client id and a vShard. Its commands are numbered; the server keeps each one's result until it
 * is acknowledged, and answers a repetition from there.
 */
export class ClientSession {
  /** 16 bytes; no other session of this client has them. */
  readonly clientId: Uint8Array;
  readonly vshard: number;
  /** `opening`: its registration is under way, and no command of it was sent. `ended`: never to be used again. */
  state: 'opening' | 'open' | 'ended' = 'opening';
  /** Requests that wait for the registration. */
  readonly waiting: Set<PendingRequest> = new Set();
  /** The request that registers it, while it is under way. */
  registration: PendingRequest | undefined;
  /** When a command was last sent, by the runtime's clock. */
  usedAt = 0;
  /** The group that it was last used in. */
  group = 0;
  /** Every sequence up to and including it is settled here. */
  acknowledged = 0;
  readonly #settledAhead = new Set<number>();
  #lastSequence = 0;

  constructor(clientId: Uint8Array, vshard: number) {
    this.clientId = clientId;
    this.vshard = vshard;
  }

  /** The last sequence that was given out. */
  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** Whether a command waits for its outcome. */
  get isBusy(): boolean {
    return this.acknowledged < this.#lastSequence;
  }

  /** Numbers one more command. */
  begin(): number {
    return ++this.#lastSequence;
  }

  /** A command has its outcome, or is given up: its result need not be kept, and it must not be applied any more. */
  settle(sequence: number): void {
    if (sequence !== this.acknowledged + 1) {
      this.#settledAhead.add(sequence);
      return;
    }
    this.acknowledged = sequence;
    while (this.#settledAhead.delete(this.acknowledged + 1)) this.acknowledged++;
  }
}
