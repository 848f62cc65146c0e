import { invariant } from '@flotilla/errors';
import type { AppendWork, Entry, HardState, Message } from '@flotilla/raft-core';
import type { GroupWrite, LogBatch, SnapshotMark } from '@flotilla/storage';

/** What the durability of a batch means for one group: messages to release, and the commit index that the disk knows. */
export interface Release {
  readonly group: number;
  /** 0: the batch held no hard state of the group. */
  readonly commit: number;
  readonly responses: readonly Message[];
}

/** What goes to the disk together, and what its durability releases. */
export interface AppendBatch {
  readonly writes: LogBatch;
  readonly releases: readonly Release[];
  readonly waiters: readonly DurabilityWaiter[];
}

/** Who waits for a batch. */
export interface DurabilityWaiter {
  durable(): void;
  failed(error: Error): void;
}

/** A write being gathered. */
interface PendingWrite {
  removed: boolean;
  snapshotMark: SnapshotMark | undefined;
  resetLog: boolean;
  hardState: HardState | undefined;
  /** Shared with the core while it comes from one work; copied before it is added to. */
  entries: readonly Entry[];
  own: Entry[] | undefined;
  compactTo: number;
}

/** What the disk has, or will have, of one group. */
interface GroupQueue {
  readonly group: number;
  /** Term and vote as last handed over: what differs from them must be written. */
  term: number;
  vote: number;
  /** A newer commit index that waits for a write to ride on. */
  late: HardState | undefined;
  pending: PendingWrite | undefined;
  pendingResponses: Message[];
  inFlight: boolean;
  inFlightResponses: Message[];
}

/**
 * Gathers the writes of all groups while one is in flight, and merges them in order: the last hard state wins, entries with a
 * lower first index replace the suffix, an installed snapshot replaces what came before it.
 *
 * A hard state that moves nothing but the commit index causes no write; it rides on the group's next one. Responses
 * leave when all earlier writes of their group are durable.
 */
export class AppendQueue {
  readonly #groups = new Map<number, GroupQueue>();
  #pending: GroupQueue[] = [];
  #inFlight: GroupQueue[] = [];
  #waiters: DurabilityWaiter[] = [];

  /** Tells what the disk holds of a group that was recovered. */
  recovered(group: number, hardState: HardState): void {
    const queue = this.#queue(group);
    queue.term = hardState.term;
    queue.vote = hardState.vote;
  }

  /** Whether anything waits to be written. */
  get hasPending(): boolean {
    return this.#pending.length > 0 || this.#waiters.length > 0;
  }

  /** Queues a work of a group's core. Returns the responses that may leave at once, because nothing of the group is on its way to the disk. */
  add(group: number, work: AppendWork): readonly Message[] {
    const queue = this.#queue(group);
    const { entries, snapshot, hardState, responses } = work;
    const voted = hardState !== undefined && (hardState.term !== queue.term || hardState.vote !== queue.vote);
    if (entries.length === 0 && snapshot === undefined && !voted)
      return this.#withoutWrite(queue, hardState, responses);
    const write = this.#writeOf(queue);
    if (snapshot !== undefined) installSnapshot(write, snapshot);
    mergeEntries(write, entries);
    if (hardState !== undefined) {
      write.hardState = hardState;
      queue.term = hardState.term;
      queue.vote = hardState.vote;
    }
    for (const response of responses) queue.pendingResponses.push(response);
    return NOTHING;
  }

  #withoutWrite(
    queue: GroupQueue,
    hardState: HardState | undefined,
    responses: readonly Message[],
  ): readonly Message[] {
    if (hardState !== undefined) {
      if (queue.pending === undefined) queue.late = hardState;
      else queue.pending.hardState = hardState;
    }
    const waiting =
      queue.pending !== undefined ? queue.pendingResponses : queue.inFlight ? queue.inFlightResponses : undefined;
    if (waiting === undefined) return responses;
    for (const response of responses) waiting.push(response);
    return NOTHING;
  }

  /** Has a commit index written that would otherwise wait for the group's next write. */
  addCommit(group: number): void {
    const queue = this.#queue(group);
    if (queue.late !== undefined) this.#writeOf(queue);
  }

  /** Queues the mark of a snapshot that this node took, and the compaction up to `compactTo` that it allows. */
  addSnapshotMark(group: number, mark: SnapshotMark, compactTo: number): void {
    const write = this.#writeOf(this.#queue(group));
    if (write.snapshotMark !== undefined && write.snapshotMark.index >= mark.index) return;
    write.snapshotMark = mark;
    if (write.resetLog) {
      // The mark of an installed snapshot is passed over: what lies between the two marks need not be written at all.
      write.entries = write.entries.filter((entry) => entry.index > mark.index);
      write.own = undefined;
      return;
    }
    write.compactTo = Math.max(write.compactTo, compactTo);
  }

  /** Queues the removal of all that is held of a group; what was queued of it before is void, and nobody waits for it. */
  addRemoval(group: number): void {
    const queue = this.#queue(group);
    Object.assign(this.#writeOf(queue), emptyWrite(), { removed: true });
    queue.pendingResponses = [];
    queue.inFlightResponses.length = 0;
    queue.late = undefined;
    queue.term = 0;
    queue.vote = 0;
  }

  /** Tells `waiter` when all that is queued now is durable. */
  whenDurable(waiter: DurabilityWaiter): void {
    this.#waiters.push(waiter);
  }

  /** Forgets all that waits, and tells those who wait for it. */
  fail(error: Error): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#pending = [];
    this.#groups.clear();
    for (const waiter of waiters) waiter.failed(error);
  }

  /** Takes all that waits as one batch, which is in flight until `landed`. */
  take(): AppendBatch {
    invariant(this.#inFlight.length === 0, 'one write is in flight at a time');
    const queues = this.#pending;
    const waiters = this.#waiters;
    this.#pending = [];
    this.#waiters = [];
    this.#inFlight = queues;
    const writes: GroupWrite[] = [];
    const releases: Release[] = [];
    for (const queue of queues) {
      if (queue.pending === undefined) continue;
      writes.push(asGroupWrite(queue.group, queue.pending));
      const commit = queue.pending.hardState?.commit ?? 0;
      queue.pending = undefined;
      queue.inFlight = true;
      queue.inFlightResponses = queue.pendingResponses;
      queue.pendingResponses = [];
      releases.push({ group: queue.group, commit, responses: queue.inFlightResponses });
    }
    return { writes, releases, waiters };
  }

  /** The batch in flight is durable. */
  landed(): void {
    for (const queue of this.#inFlight) {
      queue.inFlight = false;
      queue.inFlightResponses = [];
    }
    this.#inFlight = [];
  }

  /** Forgets a group whose removal is durable, unless it was opened again meanwhile. */
  forget(group: number): void {
    const queue = this.#groups.get(group);
    if (queue !== undefined && queue.pending === undefined && !queue.inFlight) this.#groups.delete(group);
  }

  #queue(group: number): GroupQueue {
    let queue = this.#groups.get(group);
    if (queue === undefined) {
      queue = {
        group,
        term: 0,
        vote: 0,
        late: undefined,
        pending: undefined,
        pendingResponses: [],
        inFlight: false,
        inFlightResponses: [],
      };
      this.#groups.set(group, queue);
    }
    return queue;
  }

  #writeOf(queue: GroupQueue): PendingWrite {
    if (queue.pending === undefined) {
      queue.pending = emptyWrite();
      queue.pending.hardState = queue.late;
      queue.late = undefined;
      this.#pending.push(queue);
    }
    return queue.pending;
  }
}

const NOTHING: readonly Message[] = [];

function emptyWrite(): PendingWrite {
  return {
    removed: false,
    snapshotMark: undefined,
    resetLog: false,
    hardState: undefined,
    entries: [],
    own: undefined,
    compactTo: 0,
  };
}

function installSnapshot(write: PendingWrite, mark: SnapshotMark): void {
  write.snapshotMark = { index: mark.index, term: mark.term, confState: mark.confState };
  write.resetLog = true;
  write.entries = [];
  write.own = undefined;
  write.compactTo = 0;
}

function mergeEntries(write: PendingWrite, entries: readonly Entry[]): void {
  const first = entries[0];
  if (first === undefined) return;
  const held = write.entries[0];
  if (held === undefined || first.index <= held.index) {
    write.entries = entries;
    write.own = undefined;
    return;
  }
  const keep = first.index - held.index;
  invariant(
    keep <= write.entries.length,
    () => `entries from ${first.index} after queued ones up to ${held.index + write.entries.length - 1} leave a gap`,
  );
  const own = write.own ?? write.entries.slice();
  own.length = keep;
  for (const entry of entries) own.push(entry);
  write.own = own;
  write.entries = own;
}

function asGroupWrite(group: number, write: PendingWrite): GroupWrite {
  return {
    group,
    ...(write.removed ? { removed: true } : {}),
    ...(write.snapshotMark === undefined ? {} : { snapshotMark: write.snapshotMark }),
    ...(write.resetLog ? { resetLog: true } : {}),
    ...(write.hardState === undefined ? {} : { hardState: write.hardState }),
    ...(write.entries.length === 0 ? {} : { entries: write.entries }),
    ...(write.compactTo === 0 ? {} : { compactTo: write.compactTo }),
  };
}
