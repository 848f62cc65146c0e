import { invariant } from '@flotilla/errors';
import { type AppendWork, type Message, MessageType, type Ready, type Snapshot } from '@flotilla/raft-core';
import type { Runtime } from '@flotilla/runtime';
import type { Group } from '../group/group.js';
import type { GroupSet } from '../multi-raft/group-set.js';
import type { AppendQueue } from './append-queue.js';
import type { ApplyRound } from './apply-round.js';
import type { LearnerWatch } from './learner-watch.js';
import type { LoopMetrics } from './loop-metrics.js';
import type { Outbox } from './outbox.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';

/** Where what is collected goes. */
export interface CollectRoundParts {
  readonly nodeId: number;
  readonly groups: GroupSet;
  readonly runtime: Runtime;
  readonly metrics: LoopMetrics;
  readonly outbox: Outbox;
  readonly appends: AppendQueue;
  readonly applies: ApplyRound;
  readonly learners: LearnerWatch;
  readonly snapshots: SnapshotKeeper;
  /** The core accepted a received snapshot. */
  install(group: Group, snapshot: Snapshot): void;
}

/** Groups between two looks at the clock. */
const COLLECTED_AT_ONCE = 64;

/**
 * Takes a Ready from each group with work, and gives its parts to those who see to them: messages that may leave before the disk to the outbox,
 * appends to their queue, committed entries to the next round of delivery.
 */
export class CollectRound {
  readonly #parts: CollectRoundParts;
  #backlog = false;

  constructor(parts: CollectRoundParts) {
    this.#parts = parts;
  }

  /** Groups with work were left over by the last round. */
  get hasBacklog(): boolean {
    return this.#backlog;
  }

  /** Collects from the groups that have work now, until the deadline, but from some in any case; the others come first in the next round. */
  run(deadline: number): void {
    const { groups, runtime, learners } = this.#parts;
    const count = groups.dirtyCount;
    this.#backlog = false;
    for (let at = 0; at < count; at++) {
      if (at > 0 && at % COLLECTED_AT_ONCE === 0 && runtime.now() >= deadline) {
        this.#backlog = true;
        return;
      }
      const group = groups.nextDirty();
      if (group === undefined) return;
      this.#collect(group);
      if (groups.withLearners.size > 0) learners.progressed(group);
    }
  }

  #collect(group: Group): void {
    const { outbox, snapshots, applies } = this.#parts;
    group.flushRequests();
    const ready = group.collect();
    if (ready !== undefined) this.#take(group, ready);
    for (const message of group.takeClockMessages()) outbox.add(group, message);
    if (group.log.takeSnapshotWanted()) snapshots.wanted(group);
    if (group.hasApplies) applies.add(group);
  }

  #take(group: Group, ready: Ready): void {
    const { outbox, snapshots, appends, metrics } = this.#parts;
    let requests: Message[] | undefined;
    for (const message of ready.messages) {
      if (message.type === MessageType.Snap) snapshots.send(group, message);
      else if (message.type === MessageType.Vote) (requests ??= []).push(message);
      else outbox.add(group, message);
    }
    if (ready.apply !== undefined) metrics.committedEntries += ready.apply.entries.length;
    const { append } = ready;
    invariant(
      append !== undefined || requests === undefined,
      () => `group ${group.id} asks for votes without a vote of its own`,
    );
    if (append === undefined) return;
    if (append.snapshot !== undefined) this.#parts.install(group, append.snapshot);
    const leaving = appends.add(group.id, requests === undefined ? append : withRequests(append, requests));
    if (leaving.length > 0) this.release(group, leaving);
  }

  /** What had to wait for the disk: the core's own messages to itself, and those to others. */
  release(group: Group, responses: readonly Message[]): void {
    const { nodeId, outbox } = this.#parts;
    for (const response of responses) {
      if (response.to === nodeId) group.step(response);
      else if (group.state === 'running') outbox.add(group, response);
    }
    if (responses.length > 0) group.wake();
  }
}

/**
 * Asks for votes once the candidate's own is durable, as the paper wants of all that depends on term and vote (figure 2, persistent state).
 * The core lets the requests leave at once; but a candidate that the others elect meanwhile, and that dies before its disk knows of the
 * campaign, would be elected a second time in that term, and append other entries under the same indexes and term.
 */
function withRequests(append: AppendWork, requests: readonly Message[]): AppendWork {
  return { ...append, responses: [...append.responses, ...requests] };
}
