import type { TransportMetrics } from '../observe.js';
import { Outlet, type OutletOwner, type OutletWay } from './outlet.js';
import { UNSENT_BYTES_MAX } from './pieces.js';
import { TurnEnd } from './turn-end.js';

/** What the outlets of a connection tell it. */
export interface OutletEvents {
  /** Something was sent, or there was nothing to send. */
  sent(): void;
  /** The other side sends without reading: the connection is to be broken. */
  overflowed(error: Error): void;
}

/** The outlets of a connection. What is queued in a turn leaves at its end, as one message of each outlet, or as some where its channel wants short ones. */
export class Outlets implements OutletOwner {
  readonly metrics: TransportMetrics;
  readonly #events: OutletEvents;
  readonly #outlets = new Set<Outlet>();
  /** Those in which something was queued in this turn. */
  #due: Outlet[] = [];
  readonly #turnEnd: TurnEnd;
  #stopped = false;

  constructor(metrics: TransportMetrics, events: OutletEvents) {
    this.metrics = metrics;
    this.#events = events;
    this.#turnEnd = new TurnEnd(
      () => this.#dueBytes >= UNSENT_BYTES_MAX,
      () => this.#sendDue(),
    );
  }

  /** A new outlet, to a socket or channel. */
  add(way: OutletWay): Outlet {
    const outlet = new Outlet(way, this);
    this.#outlets.add(outlet);
    return outlet;
  }

  /** What all of them could write now, in bytes. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const outlet of this.#outlets) bytes += outlet.pendingBytes;
    return bytes;
  }

  get #dueBytes(): number {
    let bytes = 0;
    for (const outlet of this.#due) bytes += outlet.pendingBytes;
    return bytes;
  }

  woken(outlet: Outlet): void {
    if (this.#stopped) return;
    if (!outlet.due) {
      outlet.due = true;
      this.#due.push(outlet);
    }
    this.#turnEnd.queued();
  }

  /** The channel of an outlet has room again. */
  roomAgain(outlet: Outlet): void {
    if (this.#stopped || outlet.due) return;
    outlet.send();
    this.#events.sent();
  }

  #sendDue(): void {
    if (this.#stopped) return;
    const due = this.#due;
    this.#due = [];
    for (const outlet of due) {
      outlet.due = false;
      outlet.send();
    }
    this.#events.sent();
  }

  overflowed(error: Error): void {
    this.#events.overflowed(error);
  }

  emptied(outlet: Outlet): void {
    this.#outlets.delete(outlet);
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#stopped = true;
  }
}
