import { FlotillaError } from '@flotilla/errors';

/** Where the outcome of one leadership transfer goes. */
export interface TransferSink {
  /** Another node leads. */
  done(leader: number): void;
  failed(error: FlotillaError): void;
}

interface Transfer {
  readonly to: number;
  readonly askedAt: number;
  readonly sink: TransferSink;
}

/** Leadership transfers of one group that wait for another leader to be known (thesis, section 3.10). */
export class LeadershipTransfers {
  readonly #group: number;
  #waiting: Transfer[] = [];

  constructor(group: number) {
    this.#group = group;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** A transfer to `to` was asked of the core at `tick`. */
  add(to: number, tick: number, sink: TransferSink): void {
    this.#waiting.push({ to, askedAt: tick, sink });
  }

  /** A leader other than this node is known. */
  ledBy(leader: number): void {
    const waiting = this.#take();
    for (const { sink } of waiting) sink.done(leader);
  }

  /** Transfers asked at or before `tick` have failed: the core gives them up after an election timeout, and leadership stays. */
  failAskedBy(tick: number, waitedMs: number): void {
    if (this.#waiting.length === 0) return;
    const late = this.#waiting.filter((transfer) => transfer.askedAt <= tick);
    this.#waiting = this.#waiting.filter((transfer) => transfer.askedAt > tick);
    for (const { sink, to } of late) sink.failed(this.#timedOut(to, waitedMs));
  }

  failAll(error: () => FlotillaError): void {
    for (const { sink } of this.#take()) sink.failed(error());
  }

  #take(): Transfer[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  #timedOut(to: number, ms: number): FlotillaError {
    return new FlotillaError('Timeout', {
      message: `leadership of group ${this.#group} did not move to node ${to} in time: it may be down, or too far behind`,
      details: { operation: 'transfer leadership', ms },
      outcome: 'unknown',
    });
  }
}
