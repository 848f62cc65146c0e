import type { FlotillaError } from '@flotilla/errors';
import { type Message, MessageType, type Snapshot, type StepResult } from '@flotilla/raft-core';
import type { SnapshotMark, StoredSnapshot } from '@flotilla/storage';
import type { Group } from '../group/group.js';
import { groupNotFound } from '../group/refusals.js';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import type { AppendQueue } from './append-queue.js';
import type { LoopErrorKind } from './loop-metrics.js';
import type { EpochMark } from './peer-network.js';
import { restoreInAttempts } from './restore-attempts.js';
import type { SnapshotHost, SnapshotKeeper } from './snapshot-keeper.js';

/** What the loop gives to its part about snapshots. */
export interface LoopSnapshotsOptions {
  readonly groups: MultiRaft;
  readonly keeper: SnapshotKeeper;
  readonly appends: AppendQueue;
  readonly epoch: EpochMark;
  pause(ms: number): Promise<void>;
  errorHappened(kind: LoopErrorKind): void;
  wake(): void;
  refusal(): FlotillaError | undefined;
}

/**
 * Snapshots as the loop handles them. A taken one becomes the log's mark and allows a compaction. A received one is verified on
 * disk before the core steps its MsgSnap; then mark, hard state and the dropped log are one batch; then the state machine builds
 * the new state aside and swaps it in; then the applied index moves.
 */
export class LoopSnapshots implements SnapshotHost {
  readonly #options: LoopSnapshotsOptions;
  /** Received, and not yet restored, by group. */
  readonly #received = new Map<Group, StoredSnapshot>();

  constructor(options: LoopSnapshotsOptions) {
    this.#options = options;
  }

  group(id: number): Group | undefined {
    return this.#options.groups.set.get(id);
  }

  groupCount(): number {
    return this.#options.groups.set.size;
  }

  epoch(): number {
    return this.#options.epoch.current();
  }

  observeEpoch(epoch: number): void {
    this.#options.epoch.observe(epoch);
  }

  /** Takes a snapshot of a group now. */
  takeNow(id: number): Promise<SnapshotMark> {
    const group = this.group(id);
    const refusal = this.#options.refusal() ?? group?.refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    return group === undefined ? Promise.reject(groupNotFound(id)) : this.#options.keeper.take(group);
  }

  taken(group: Group, mark: SnapshotMark, compactTo: number): Promise<void> {
    const newest = group.log.snapshotMark?.index ?? 0;
    if (group.state !== 'running' || mark.index <= newest) return Promise.resolve();
    const cut = Math.min(compactTo, mark.index);
    group.log.snapshotTaken(mark);
    group.log.compact(cut);
    this.#options.appends.addSnapshotMark(group.id, mark, cut);
    const durable = new Promise<void>((resolve, reject) => {
      this.#options.appends.whenDurable({ durable: resolve, failed: reject });
    });
    // A peer that waits for a snapshot is asked again when it answers a heartbeat; nothing else is due.
    group.wake();
    this.#options.wake();
    return durable;
  }

  received(group: Group, message: Message, stored: StoredSnapshot | undefined): StepResult {
    if (stored !== undefined) this.#received.set(group, stored);
    const result = group.step(message);
    group.wake();
    return result;
  }

  /** The core accepted a received snapshot: restores the state machine once the log says so durably. */
  install(group: Group, snapshot: Snapshot): void {
    const stored = this.#received.get(group);
    this.#received.delete(group);
    if (stored === undefined || stored.index !== snapshot.index || stored.term !== snapshot.term) {
      group.fail(new Error(`the core accepted a snapshot at ${snapshot.index} of which no content was received`));
      return;
    }
    this.#options.appends.whenDurable({
      durable: () => void this.#restore(group, stored),
      failed: () => undefined,
    });
  }

  async #restore(group: Group, stored: StoredSnapshot): Promise<void> {
    const { keeper, pause } = this.#options;
    try {
      await restoreInAttempts(
        () => keeper.restore(stored, group.machine),
        pause,
        () => group.installed({ index: stored.index, term: stored.term, confState: stored.confState }),
      );
    } catch (error) {
      group.fail(error);
      return;
    }
    keeper.restored(stored);
  }

  sent(group: Group, peer: number, error: Error | undefined, peerTerm: number): void {
    if (peerTerm > group.raw.term) group.step(higherTerm(peer, group.nodeId, peerTerm));
    group.reportSnapshot(peer, error === undefined ? 'success' : 'failure');
    if (error !== undefined) this.#options.errorHappened('snapshot');
    this.#options.groups.set.observers.snapshotSent(group.id, peer, error);
  }

  failed(_group: number, _error: unknown): void {
    this.#options.errorHappened('snapshot');
  }
}

/** A message that says no more than that its sender is in a higher term. */
function higherTerm(from: number, to: number, term: number): Message {
  return {
    type: MessageType.HeartbeatResp,
    to,
    from,
    term,
    logTerm: 0,
    index: 0,
    entries: [],
    commit: 0,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context: 0,
    responses: [],
  };
}
