import { FlotillaError, invariant } from '@flotilla/errors';
import type { ProposalSink } from './completion-sink.js';

const FIRST_CAPACITY = 16;
const NOTHING = new Float64Array(0);

/**
 * The proposals of one group that were appended to its log and have no outcome, in ascending order of index, as the leader
 * hands indexes out: a ring of columns, allocated with the first proposal.
 *
 * The term is part of the key: an entry of another term at a proposal's index is another leader's, and the proposal can
 * never be applied (Raft paper, section 5.3: an entry is identified by index and term).
 */
export class ProposalTable {
  readonly #group: number;
  #indexes = NOTHING;
  #terms = NOTHING;
  #slots = NOTHING;
  #sinks: (ProposalSink | undefined)[] = [];
  #head = 0;
  #size = 0;

  constructor(group: number) {
    this.#group = group;
  }

  /** Proposals without an outcome. */
  get size(): number {
    return this.#size;
  }

  /** Adds a proposal that the core appended at (index, term). Indexes ascend. */
  add(index: number, term: number, sink: ProposalSink, slot: number): void {
    if (this.#size === this.#indexes.length) this.#grow();
    const mask = this.#indexes.length - 1;
    const at = (this.#head + this.#size) & mask;
    const last = this.#size === 0 ? 0 : (this.#indexes[(at - 1) & mask] as number);
    invariant(index > last, () => `proposal at ${index} after one at ${last}`);
    this.#indexes[at] = index;
    this.#terms[at] = term;
    this.#slots[at] = slot;
    this.#sinks[at] = sink;
    this.#size++;
  }

  /** The command at (index, term) was applied with `result`: completes the proposal that was made for this index, if any. */
  applied(index: number, term: number, result: Uint8Array): void {
    const at = this.#takeAt(index);
    if (at < 0) return;
    const sink = this.#sinkOf(at);
    const slot = this.#slots[at] as number;
    if (this.#terms[at] === term) sink.applied(slot, this.#group, index, term, result);
    else sink.failed(slot, this.#replaced(index, term));
  }

  /** An entry that is no command (empty, or a conf change) was applied at (index, term): no proposal can be applied there. */
  passed(index: number, term: number): void {
    const at = this.#takeAt(index);
    if (at >= 0) this.#sinkOf(at).failed(this.#slots[at] as number, this.#replaced(index, term));
  }

  /** Fails all that wait: leadership or the group is gone, or the node stops. */
  failAll(error: (index: number) => FlotillaError): void {
    while (this.#size > 0) {
      const at = this.#head;
      this.#drop();
      this.#sinkOf(at).failed(this.#slots[at] as number, error(this.#indexes[at] as number));
    }
  }

  /** Takes the head off when it was made for `index`; its position, or -1. */
  #takeAt(index: number): number {
    if (this.#size === 0) return -1;
    const at = this.#head;
    const head = this.#indexes[at] as number;
    invariant(head >= index, () => `entry ${index} is applied and the proposal at ${head} has no outcome`);
    if (head !== index) return -1;
    this.#drop();
    return at;
  }

  #drop(): void {
    this.#head = (this.#head + 1) & (this.#indexes.length - 1);
    this.#size--;
  }

  #sinkOf(at: number): ProposalSink {
    const sink = this.#sinks[at];
    invariant(sink !== undefined, () => `proposal table position ${at} has no sink`);
    this.#sinks[at] = undefined;
    return sink;
  }

  #grow(): void {
    const before = this.#indexes.length;
    const capacity = before === 0 ? FIRST_CAPACITY : before * 2;
    const indexes = new Float64Array(capacity);
    const terms = new Float64Array(capacity);
    const slots = new Float64Array(capacity);
    const sinks: (ProposalSink | undefined)[] = Array.from({ length: capacity });
    for (let k = 0; k < this.#size; k++) {
      const at = (this.#head + k) & (before - 1);
      indexes[k] = this.#indexes[at] as number;
      terms[k] = this.#terms[at] as number;
      slots[k] = this.#slots[at] as number;
      sinks[k] = this.#sinks[at];
    }
    this.#indexes = indexes;
    this.#terms = terms;
    this.#slots = slots;
    this.#sinks = sinks;
    this.#head = 0;
  }

  #replaced(index: number, term: number): FlotillaError {
    return new FlotillaError('ProposalDropped', {
      message: `the proposal at index ${index} of group ${this.#group} was replaced by an entry of term ${term}; it was not and will not be applied: propose it again`,
      details: { group: this.#group, reason: 'replaced' },
    });
  }
}
