import { invariant } from '@flotilla/errors';
import type { ApplyWork, ConfState, Message, RawNode } from '@flotilla/raft-core';
import type { SnapshotMark } from '@flotilla/storage';
import type { StateMachine } from '../state-machine.js';
import type { AppliedWatermark } from './applied-watermark.js';
import { ApplyQueue, type Delivery } from './apply-queue.js';
import { namedBy, readConfChange } from './conf-change-entry.js';
import type { GroupLog } from './group-log.js';
import type { AppliedConfChange } from './group-observer.js';
import type { GroupRequests } from './group-requests.js';

const NONE: readonly Message[] = [];

/** What delivery works with. */
export interface CommittedDeliveryOptions {
  readonly group: number;
  readonly raw: RawNode;
  readonly log: GroupLog;
  readonly machine: StateMachine;
  readonly requests: GroupRequests;
  readonly watermark: AppliedWatermark;
  /** Has the hard state written, though nothing but its commit index has moved. */
  readonly persistCommit: () => void;
  readonly confChangeApplied: (change: AppliedConfChange) => void;
}

/**
 * Delivers committed entries in log order: commands to the state machine, membership changes to the core; then what waited for them is told.
 * While an installed snapshot's state is built, nothing is delivered.
 *
 * A membership change waits until the disk knows that it is committed: it may take away the very voters that could tell so after a crash (a
 * group of two that shrinks to one would never elect again).
 */
export class CommittedDelivery {
  /** Bytes of commands applied since the newest snapshot. */
  bytesSinceSnapshot = 0;
  readonly #options: CommittedDeliveryOptions;
  readonly #queue = new ApplyQueue();
  #confState: ConfState;
  #installing: SnapshotMark | undefined;
  /** Commit index that the disk knows, and the one that a membership change waits for. */
  #commitDurable: number;
  #commitAwaited = 0;

  constructor(options: CommittedDeliveryOptions) {
    this.#options = options;
    this.#confState = options.log.initialState().confState;
    this.#commitDurable = options.log.hardState.commit;
  }

  /** The configuration as of the applied index. */
  get confState(): ConfState {
    return this.#confState;
  }

  get isInstalling(): boolean {
    return this.#installing !== undefined;
  }

  /** Whether entries wait that may be delivered now. */
  get isDue(): boolean {
    return this.#installing === undefined && this.#commitAwaited <= this.#commitDurable && !this.#queue.isEmpty;
  }

  push(work: ApplyWork): void {
    this.#queue.push(work);
  }

  /** Nothing more is delivered. */
  clear(): void {
    this.#queue.takeAll();
  }

  /** A snapshot takes the place of what waits; the messages that were to follow on that. */
  install(mark: SnapshotMark): readonly Message[] {
    this.#installing = mark;
    return this.#queue.takeAll().flatMap(({ responses }) => responses);
  }

  /** The state of the snapshot was swapped in: delivery goes on behind it. False: it is not the one that is waited for. */
  installed(mark: SnapshotMark): boolean {
    if (this.#installing?.index !== mark.index) return false;
    this.#installing = undefined;
    this.#confState = mark.confState;
    this.bytesSinceSnapshot = 0;
    this.#visible(mark.index);
    return true;
  }

  /** A hard state with this commit index is durable. Whether a membership change waited for that. */
  commitDurable(commit: number): boolean {
    if (commit <= this.#commitDurable) return false;
    const awaited = this.#commitAwaited > this.#commitDurable;
    this.#commitDurable = commit;
    return awaited;
  }

  /** Delivers the next run of entries; undefined: it has to wait. */
  next(entriesMax: number, bytesMax: number): Delivery | undefined {
    const delivery = this.#queue.next(entriesMax, bytesMax);
    invariant(delivery !== undefined, () => `group ${this.#options.group} has apply work without entries`);
    if (!this.#mayDeliver(delivery)) return undefined;
    this.#deliver(delivery);
    return delivery;
  }

  /** The run that `next` delivered is dealt with: the messages that were to follow on it. */
  done(delivery: Delivery): readonly Message[] {
    return this.#queue.done(delivery)?.responses ?? NONE;
  }

  #mayDeliver(delivery: Delivery): boolean {
    if (delivery.kind !== 'conf-change' || delivery.last <= this.#commitDurable) return true;
    this.#commitAwaited = delivery.last;
    this.#options.persistCommit();
    return false;
  }

  #deliver(delivery: Delivery): void {
    const { group, watermark } = this.#options;
    const { entries, last } = delivery;
    const first = entries[0]?.index ?? 0;
    invariant(first === watermark.index + 1, () => `group ${group} delivers ${first} after ${watermark.index}`);
    switch (delivery.kind) {
      case 'commands':
        this.#deliverCommands(delivery);
        return;
      case 'conf-change':
        this.#deliverConfChange(delivery);
        return;
      case 'empty':
        this.#visible(last);
        for (const entry of entries) this.#passed(entry.index, entry.term, undefined);
    }
  }

  #deliverCommands({ entries, last, bytes }: Delivery): void {
    const { group, machine, requests } = this.#options;
    const results = machine.apply(entries);
    invariant(
      results.length === entries.length,
      () => `the state machine of group ${group} returned ${results.length} results for ${entries.length} commands`,
    );
    this.bytesSinceSnapshot += bytes;
    this.#visible(last);
    const { table, confChanges } = requests;
    if (table.size > 0) {
      for (let at = 0; at < entries.length; at++) {
        const entry = entries[at];
        const result = results[at];
        if (entry !== undefined && result !== undefined) table.applied(entry.index, entry.term, result);
      }
    }
    if (confChanges.size > 0) confChanges.applied(last, 0, undefined);
  }

  #deliverConfChange({ entries, last, lastTerm }: Delivery): void {
    const { group, raw, log, requests, confChangeApplied } = this.#options;
    const [entry] = entries;
    invariant(entry !== undefined, 'a delivery holds an entry');
    const change = readConfChange(entry);
    const before = this.#confState;
    this.#confState = raw.applyConfChange(change, last);
    requests.lease.end();
    log.confChanged(last);
    this.#visible(last);
    this.#passed(last, lastTerm, this.#confState);
    confChangeApplied({
      group,
      index: last,
      type: entry.type,
      targets: namedBy(change),
      context: change.context,
      before,
      after: this.#confState,
    });
  }

  #visible(index: number): void {
    this.#options.watermark.advance(index);
    this.#options.requests.reads.appliedTo(index);
  }

  #passed(index: number, term: number, confState: ConfState | undefined): void {
    const { table, confChanges } = this.#options.requests;
    if (table.size > 0) table.passed(index, term);
    confChanges.applied(index, term, confState);
  }
}
