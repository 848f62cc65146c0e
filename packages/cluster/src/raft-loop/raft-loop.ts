import { type FlotillaError, invariant } from '@flotilla/errors';
import { type AppendWork, type Message, MessageType, type Ready } from '@flotilla/raft-core';
import { delay, type Runtime } from '@flotilla/runtime';
import type { LogEngine, SnapshotMark } from '@flotilla/storage';
import type { Group } from '../group/group.js';
import type { GroupDriver } from '../multi-raft/group-driver.js';
import type { GroupSpec } from '../multi-raft/group-spec.js';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import { type AppendBatch, AppendQueue, type Release } from './append-queue.js';
import { ApplyRound } from './apply-round.js';
import { FrameIntake } from './frame-intake.js';
import { openGroups, type RecoveryReport } from './group-opening.js';
import type { LearnerPromotion } from './learner-promotion.js';
import { LearnerWatch } from './learner-watch.js';
import { LogWriter } from './log-writer.js';
import { type LoopErrorKind, type LoopMetrics, newLoopMetrics } from './loop-metrics.js';
import { loopNotStarted, loopStartedTwice, loopStopped, turnThrew } from './loop-errors.js';
import { LoopSnapshots } from './loop-snapshots.js';
import { LoopTicks } from './loop-ticks.js';
import { Outbox } from './outbox.js';
import type { EpochMark, PeerNetwork } from './peer-network.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';

/** What a loop is made of: one worker's groups, log and peers. */
export interface RaftLoopOptions {
  readonly groups: MultiRaft;
  readonly log: LogEngine;
  readonly snapshots: SnapshotKeeper;
  readonly peers: PeerNetwork;
  readonly runtime: Runtime;
  /** Length of a tick (default 50 ms). */
  readonly tickMs?: number;
  /** Work of one turn until the loop yields (default 5 ms). */
  readonly turnBudgetMs?: number;
  /** A write that takes longer silences this node until it ends, so that leadership moves away from a disk that hangs (default 5,000 ms). */
  readonly diskStallMs?: number;
  /** Bytes of frames that may wait for a turn; what comes beyond is dropped (default 256 MiB). */
  readonly inboxBytesMax?: number;
  /** Without it batches carry epoch 0. */
  readonly epoch?: EpochMark;
  /** Without it learners stay learners. */
  readonly promotion?: LearnerPromotion;
  /** The disk is full (`error`), or has room again (undefined). The loop goes on in both. */
  readonly onRoom?: (error: FlotillaError | undefined) => void;
  /** The loop stopped by itself: its disk failed (StorageFailed), or it has a bug (Internal). Called once. */
  readonly onFailed?: (error: FlotillaError) => void;
}

const NO_EPOCH: EpochMark = { current: () => 0, observe: () => undefined };
const NO_PROMOTION: LearnerPromotion = { promote: () => undefined };

/** Groups between two looks at the clock. */
const COLLECTED_AT_ONCE = 64;

type LoopState = 'new' | 'starting' | 'running' | 'failed' | 'stopped';

/**
 * The pump: one turn for all groups of a worker that have something to do.
 *
 * A turn: (1) take frames, ticks, requests and what became durable, within a budget; (2) collect a Ready from each group with work;
 * (3) send what may leave before the disk, one batch a peer; (4) queue the appends, of which one write is in flight at a time, and
 * never wait for it; (5) what it made durable is stepped back and sent in a later turn; (6) apply, group 0 first; (7) start
 * snapshots for peers that lag behind the log; (8) promote a learner that has caught up.
 */
export class RaftLoop implements AsyncDisposable {
  readonly groups: MultiRaft;
  readonly #log: LogEngine;
  readonly #snapshots: SnapshotKeeper;
  readonly #peers: PeerNetwork;
  readonly #runtime: Runtime;
  readonly #epoch: EpochMark;
  readonly #ticks: LoopTicks;
  readonly #turnBudgetMs: number;
  readonly #diskStallMs: number;
  readonly #onRoom: ((error: FlotillaError | undefined) => void) | undefined;
  readonly #onFailed: ((error: FlotillaError) => void) | undefined;
  readonly #metrics: LoopMetrics = newLoopMetrics();
  readonly #intake: FrameIntake;
  readonly #outbox: Outbox;
  readonly #appends = new AppendQueue();
  readonly #writer: LogWriter;
  readonly #applies = new ApplyRound();
  readonly #learners: LearnerWatch;
  readonly #loopSnapshots: LoopSnapshots;
  #state: LoopState = 'new';
  #failure: FlotillaError | undefined;
  /** Why nothing that needs room on the disk is taken; undefined while there is. */
  #noRoom: FlotillaError | undefined;
  #scheduled = false;
  #inTurn = false;
  #released: Release[] = [];
  #silent = false;
  /** Groups with work were left over by the last turn. */
  #backlog = false;

  constructor(options: RaftLoopOptions) {
    this.groups = options.groups;
    this.#log = options.log;
    this.#snapshots = options.snapshots;
    this.#peers = options.peers;
    this.#runtime = options.runtime;
    this.#epoch = options.epoch ?? NO_EPOCH;
    this.#ticks = new LoopTicks(this.#runtime, options.tickMs ?? 50, () => this.#wake());
    this.#turnBudgetMs = options.turnBudgetMs ?? 5;
    this.#diskStallMs = options.diskStallMs ?? 5_000;
    this.#onRoom = options.onRoom;
    this.#onFailed = options.onFailed;
    this.#intake = new FrameIntake({
      nodeId: this.groups.nodeId,
      groups: this.groups.set,
      runtime: this.#runtime,
      epoch: this.#epoch,
      metrics: this.#metrics,
      bytesMax: options.inboxBytesMax ?? 256 * 1024 * 1024,
    });
    this.#writer = new LogWriter({
      log: this.#log,
      appends: this.#appends,
      runtime: this.#runtime,
      stallMs: this.#diskStallMs,
      started: () => {
        this.#metrics.logAppends++;
      },
      landed: (batch) => this.#landed(batch),
      full: (error) => this.#full(error),
      failed: (error) => this.#fail(error),
    });
    this.#outbox = new Outbox(this.groups.nodeId, this.#peers, this.#metrics, this.groups.set.observers);
    this.#learners = new LearnerWatch(options.promotion ?? NO_PROMOTION);
    this.#loopSnapshots = new LoopSnapshots({
      groups: this.groups,
      keeper: this.#snapshots,
      appends: this.#appends,
      epoch: this.#epoch,
      pause: (ms) => delay(this.#runtime, ms),
      errorHappened: (kind) => this.#count(kind),
      wake: () => this.#wake(),
      refusal: () => this.#refusal(),
    });
    this.groups.set.attach(this.#driver());
    this.groups.set.observers.add({
      leaderChanged: ({ group }) => this.#forgetLearners(group),
      confChangeApplied: ({ group }) => this.#forgetLearners(group),
      groupStopped: () => this.#count('group_stopped'),
    });
  }

  #driver(): GroupDriver {
    return {
      refusal: () => this.#refusal(),
      wake: () => this.#wake(),
      proposalRefusal: () => this.#noRoom,
      persistCommit: (group) => this.#appends.addCommit(group.id),
      drop: (group) => this.#drop(group),
    };
  }

  /** Counters of this loop. */
  get metrics(): Readonly<LoopMetrics> {
    return this.#metrics;
  }

  /** Set once the loop failed: its disk did (StorageFailed), or a bug was found in it (Internal). */
  get failure(): FlotillaError | undefined {
    return this.#failure;
  }

  /** Why nothing that needs room on the disk is taken; undefined while there is room. */
  get noRoom(): FlotillaError | undefined {
    return this.#noRoom;
  }

  /** Whether this node says nothing to its peers, since its disk hangs or is full. Whoever speaks for the node as a whole keeps silent too. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /**
   * Recovers log and snapshots, opens `groups`, restores their state machines, attaches to the peers and runs. What is on disk
   * of any other group is dropped: the catalog, which lists the groups, is always saved before a group's first record.
   *
   * Rejects with StorageCorrupt, StorageFailed or IncompatibleVersion where nothing can be read at all; a single damaged group is
   * opened as stopped.
   */
  async start(groups: readonly GroupSpec[]): Promise<RecoveryReport> {
    if (this.#state !== 'new') {
      throw loopStartedTwice(this.#state);
    }
    this.#state = 'starting';
    this.#snapshots.attach(this.#loopSnapshots);
    try {
      const report = await openGroups(groups, {
        groups: this.groups,
        log: this.#log,
        snapshots: this.#snapshots,
        appends: this.#appends,
        pause: (ms) => delay(this.#runtime, ms),
      });
      if (this.#state !== 'starting') throw this.#refusal() ?? loopStopped();
      this.#state = 'running';
      this.#metrics.up = 1;
      this.#attachPeers();
      this.#wake();
      return report;
    } catch (error) {
      if (this.#state === 'starting') this.#state = 'stopped';
      throw error;
    }
  }

  #attachPeers(): void {
    this.#peers.attach({
      frames: (node, frames) => this.#received(node, frames),
      connected: () => this.#wake(),
      broken: (node) => this.#broken(node),
      snapshotStream: (node, stream) => {
        if (this.#state === 'running') this.#snapshots.receive(node, stream);
        else stream.abort(loopStopped());
      },
    });
  }

  /** Placement changed: learners that `promotion` left alone are offered to it again. */
  reconsiderPromotions(): void {
    this.#learners.reconsider();
    for (const group of this.groups.set.withLearners) group.startClock();
  }

  /** Takes a snapshot of a group now; resolves with its mark when it is durable. Rejects with GroupNotFound, GroupStopped, StorageFailed or Shutdown. */
  snapshotNow(group: number): Promise<SnapshotMark> {
    return this.#loopSnapshots.takeNow(group);
  }

  /** Stops turns, fails what waits with Shutdown, waits for the write and the snapshots in flight. Closes neither log, store nor peers. */
  async stop(): Promise<void> {
    if (this.#state !== 'failed') this.#state = 'stopped';
    this.#halt(undefined);
    await this.#writeInFlight();
    await this.#snapshots.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Waits for the write in flight, but not for a disk that hangs. */
  #writeInFlight(): Promise<void> {
    const { writing } = this.#writer;
    if (writing === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#runtime.setTimer(this.#diskStallMs, resolve);
      void writing.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #refusal(): FlotillaError | undefined {
    switch (this.#state) {
      case 'running':
        return undefined;
      case 'new':
      case 'starting':
        return loopNotStarted();
      case 'failed':
        return this.#failure;
      case 'stopped':
        return loopStopped();
    }
  }

  #count(kind: LoopErrorKind): void {
    this.#metrics.errors[kind]++;
  }

  #forgetLearners(id: number): void {
    const group = this.groups.set.get(id);
    if (group !== undefined) this.#learners.forget(group);
  }

  // Scheduling

  #wake(): void {
    if (this.#state !== 'running') return;
    this.#armTick();
    if (this.#scheduled || this.#inTurn) return;
    this.#scheduled = true;
    this.#runtime.nextTurn(() => this.#takeTurn());
  }

  #armTick(): void {
    if (this.groups.set.tickingCount > 0) this.#ticks.arm();
  }

  #takeTurn(): void {
    this.#scheduled = false;
    if (this.#state !== 'running') return;
    const startedAt = this.#runtime.now();
    this.#inTurn = true;
    try {
      this.#turn(startedAt);
    } catch (error) {
      this.#fail(turnThrew(error));
    } finally {
      this.#inTurn = false;
    }
    this.#metrics.iterations++;
    this.#metrics.lastIterationDurationSeconds = (this.#runtime.now() - startedAt) / 1000;
    if (this.#hasWork()) {
      if (this.#runtime.now() - startedAt >= this.#turnBudgetMs) this.#metrics.budgetExhausted++;
      this.#wake();
    } else {
      this.#armTick();
    }
  }

  #hasWork(): boolean {
    return (
      this.groups.set.hasDirty ||
      !this.#intake.isEmpty ||
      !this.#applies.isEmpty ||
      this.#released.length > 0 ||
      this.#ticks.isDue
    );
  }

  // The turn

  #turn(startedAt: number): void {
    const budget = this.#turnBudgetMs;
    this.#takeReleases();
    this.#intake.stepUntil(startedAt + budget);
    this.#takeTick();
    this.#collectDirty(startedAt + budget);
    if (this.#silent) this.#outbox.clear();
    else this.#outbox.flush(this.#epoch.current());
    this.#writer.start();
    // Delivery has a budget of its own, lest a flood of messages starve it.
    const applyingSince = this.#runtime.now();
    const isOver = (): boolean => this.#runtime.now() - applyingSince >= budget;
    this.#applies.run(isOver, (group, entries) => {
      this.#metrics.appliedEntries += entries;
      this.#snapshots.consider(group);
    });
    // Applying may have asked for a write: the commit index of a membership change.
    this.#writer.start();
    this.#learners.run(this.groups.set.withLearners);
  }

  #takeReleases(): void {
    if (this.#released.length === 0) return;
    const released = this.#released;
    this.#released = [];
    for (const { group, commit, responses } of released) {
      const held = this.groups.set.get(group);
      if (held === undefined) continue;
      held.commitDurable(commit);
      this.#release(held, responses);
    }
  }

  #release(group: Group, responses: readonly Message[]): void {
    for (const response of responses) {
      if (response.to === this.groups.nodeId) group.step(response);
      else if (group.state === 'running') this.#outbox.add(group, response);
    }
    if (responses.length > 0) group.wake();
  }

  #takeTick(): void {
    if (!this.#ticks.take(!this.#intake.isEmpty || this.#backlog)) return;
    this.#watchDisk();
    this.groups.set.tick();
    this.#learners.ticked(this.groups.set.withLearners);
  }

  /** Collects from the groups that have work now, until the deadline, but from some in any case; the others come first in the next turn. */
  #collectDirty(deadline: number): void {
    const { set } = this.groups;
    const count = set.dirtyCount;
    this.#backlog = false;
    for (let at = 0; at < count; at++) {
      if (at > 0 && at % COLLECTED_AT_ONCE === 0 && this.#runtime.now() >= deadline) {
        this.#backlog = true;
        return;
      }
      const group = set.nextDirty();
      if (group === undefined) return;
      this.#collect(group);
      if (set.withLearners.size > 0) this.#learners.progressed(group);
    }
  }

  #collect(group: Group): void {
    group.flushRequests();
    const ready = group.collect();
    if (ready !== undefined) this.#take(group, ready);
    for (const message of group.takeClockMessages()) this.#outbox.add(group, message);
    if (group.log.takeSnapshotWanted()) this.#snapshots.wanted(group);
    if (group.hasApplies) this.#applies.add(group);
  }

  #take(group: Group, ready: Ready): void {
    let requests: Message[] | undefined;
    for (const message of ready.messages) {
      if (message.type === MessageType.Snap) this.#snapshots.send(group, message);
      else if (message.type === MessageType.Vote) (requests ??= []).push(message);
      else this.#outbox.add(group, message);
    }
    if (ready.apply !== undefined) this.#metrics.committedEntries += ready.apply.entries.length;
    const { append } = ready;
    invariant(
      append !== undefined || requests === undefined,
      () => `group ${group.id} asks for votes without a vote of its own`,
    );
    if (append === undefined) return;
    if (append.snapshot !== undefined) this.#loopSnapshots.install(group, append.snapshot);
    const leaving = this.#appends.add(group.id, requests === undefined ? append : withRequests(append, requests));
    if (leaving.length > 0) this.#release(group, leaving);
  }

  // The disk

  /**
   * A disk that hangs neither fails nor works: its node could keep leading by heartbeats, and acknowledge nothing. So it falls silent:
   * its peers elect another leader, and it steps down for want of a quorum.
   */
  #watchDisk(): void {
    const stalls = this.#writer.isStalled;
    if (stalls && !this.#silent) this.#count('storage_stalled');
    this.#silent = stalls;
  }

  /**
   * A disk that is full is as mute as one that hangs, and leadership moves away the same way; also that of groups that are idle, which
   * would refuse what is asked of them. What is asked here is refused at once. All of it ends when there is room again.
   */
  #full(error: FlotillaError): void {
    if (this.#noRoom !== undefined) return;
    this.#noRoom = error;
    this.#silent = true;
    this.#count('storage_full');
    for (const group of this.groups.set.all()) group.startClock();
    this.#onRoom?.(error);
  }

  #landed(batch: AppendBatch): void {
    this.#silent = false;
    if (this.#noRoom !== undefined) {
      this.#noRoom = undefined;
      this.#onRoom?.(undefined);
    }
    for (const release of batch.releases) this.#released.push(release);
    if (this.#released.length > 0) this.#wake();
  }

  #drop(group: Group): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#appends.addRemoval(group.id);
    this.#learners.forget(group);
    const durable = new Promise<void>((resolve, reject) => {
      this.#appends.whenDurable({ durable: resolve, failed: reject });
    });
    this.#wake();
    return durable.then(() => {
      this.#appends.forget(group.id);
      return this.#snapshots.drop(group.id);
    });
  }

  // The network

  #received(node: number, frames: readonly Uint8Array[]): void {
    if (this.#state !== 'running') return;
    this.#intake.push(node, frames);
    this.#wake();
  }

  #broken(node: number): void {
    if (this.#state !== 'running') return;
    for (const group of this.groups.set.all()) {
      if (group.isLeader && group.raw.match(node) >= 0) group.reportUnreachable(node);
    }
  }

  // The end

  /** The disk failed, or the loop has a bug: connections break, so that leadership moves; a mute node must not keep heartbeating. */
  #fail(error: FlotillaError): void {
    if (this.#state !== 'running') return;
    this.#state = 'failed';
    this.#failure = error;
    this.#count(error.code === 'Internal' ? 'internal' : 'storage');
    this.#halt(error);
    this.#peers.breakAll(error);
    this.#onFailed?.(error);
  }

  #halt(error: FlotillaError | undefined): void {
    this.#metrics.up = 0;
    this.#writer.end(error ?? loopStopped());
    this.#ticks.cancel();
    this.#intake.clear();
    this.#outbox.clear();
    this.#applies.clear();
    this.#released = [];
    this.groups.set.shutdown(error);
    this.#appends.fail(error ?? loopStopped());
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
