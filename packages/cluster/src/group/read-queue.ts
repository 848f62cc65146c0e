import type { FlotillaError } from '@flotilla/errors';
import type { ReadSink } from './completion-sink.js';

/** Reads that share one ReadIndex. */
interface ReadBatch {
  /** The number given to the core's `readIndex`; a later one replaces it when it is asked again. */
  context: number;
  /** Tick of the group at which it was asked. */
  askedAt: number;
  /** When it was asked, ms of this node's clock. */
  askedMs: number;
  /** The confirmed read index; undefined until then. */
  index: number | undefined;
  readonly sinks: ReadSink[];
  readonly slots: number[];
}

/**
 * Linearizable reads of one group (thesis, section 6.4). All reads of a turn share one ReadIndex, which the leader confirms by
 * a round of heartbeats; a read is served once this node has applied up to it.
 *
 * A confirmed index stays right whatever happens to the leader; an unconfirmed one is failed when term or role changes.
 */
export class ReadQueue {
  readonly #group: number;
  #sinks: ReadSink[] = [];
  #slots: number[] = [];
  #unconfirmed: ReadBatch[] = [];
  #confirmed: ReadBatch[] = [];
  #pending = 0;

  constructor(group: number) {
    this.#group = group;
  }

  /** Reads without an outcome. */
  get pending(): number {
    return this.#pending;
  }

  /** Whether reads were added since the last `take`. */
  get hasNew(): boolean {
    return this.#sinks.length > 0;
  }

  add(sink: ReadSink, slot: number): void {
    this.#sinks.push(sink);
    this.#slots.push(slot);
    this.#pending++;
  }

  /** Puts all new reads under one ReadIndex, asked with `context` at `tick`, at `nowMs` of this node's clock. */
  ask(context: number, tick: number, nowMs: number): void {
    this.#unconfirmed.push({
      context,
      askedAt: tick,
      askedMs: nowMs,
      index: undefined,
      sinks: this.#sinks,
      slots: this.#slots,
    });
    this.#sinks = [];
    this.#slots = [];
  }

  /**
   * The core confirmed `context` at `index`. Returns when it had been asked, by this node's clock; undefined for a number that is not known any
   * more: it was asked again, or failed.
   */
  confirmed(context: number, index: number): number | undefined {
    const at = this.#unconfirmed.findIndex((batch) => batch.context === context);
    if (at < 0) return undefined;
    const [batch] = this.#unconfirmed.splice(at, 1);
    if (batch === undefined) return undefined;
    batch.index = index;
    this.#confirmed.push(batch);
    return batch.askedMs;
  }

  /** Serves the reads whose index is applied. */
  appliedTo(applied: number): void {
    if (this.#confirmed.length === 0) return;
    const waiting: ReadBatch[] = [];
    const ready: ReadBatch[] = [];
    for (const batch of this.#confirmed) ((batch.index ?? 0) <= applied ? ready : waiting).push(batch);
    this.#confirmed = waiting;
    for (const batch of ready) {
      this.#pending -= batch.sinks.length;
      for (let at = 0; at < batch.sinks.length; at++) {
        (batch.sinks[at] as ReadSink).ready(batch.slots[at] as number, this.#group, batch.index ?? 0);
      }
    }
  }

  /** Whether a question asked at or before `tick` is still open. */
  hasOverdue(tick: number): boolean {
    const oldest = this.#unconfirmed[0];
    return oldest !== undefined && oldest.askedAt <= tick;
  }

  /** Puts all unconfirmed batches under one question again, asked with `context` at `tick`: a read may always be confirmed later than asked. */
  askAgain(context: number, tick: number, nowMs: number): void {
    const [first, ...others] = this.#unconfirmed;
    if (first === undefined) return;
    for (const other of others) {
      for (const sink of other.sinks) first.sinks.push(sink);
      for (const slot of other.slots) first.slots.push(slot);
    }
    first.context = context;
    first.askedAt = tick;
    first.askedMs = nowMs;
    this.#unconfirmed = [first];
  }

  /** Fails the reads that no leader has confirmed: term or role changed. */
  failUnconfirmed(error: () => FlotillaError): void {
    const failed = this.#unconfirmed;
    this.#unconfirmed = [];
    this.#failNew(error);
    this.#failBatches(failed, error);
  }

  /** Fails all reads: the group is gone, or the node stops. */
  failAll(error: () => FlotillaError): void {
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    this.failUnconfirmed(error);
    this.#failBatches(confirmed, error);
  }

  #failNew(error: () => FlotillaError): void {
    if (this.#sinks.length === 0) return;
    const sinks = this.#sinks;
    const slots = this.#slots;
    this.#sinks = [];
    this.#slots = [];
    this.#fail(sinks, slots, error());
  }

  #failBatches(batches: readonly ReadBatch[], error: () => FlotillaError): void {
    for (const batch of batches) this.#fail(batch.sinks, batch.slots, error());
  }

  #fail(sinks: readonly ReadSink[], slots: readonly number[], error: FlotillaError): void {
    this.#pending -= sinks.length;
    for (let at = 0; at < sinks.length; at++) (sinks[at] as ReadSink).failed(slots[at] as number, error);
  }
}
