import type { FlotillaError } from '@flotilla/errors';
import { delay, type Runtime } from '@flotilla/runtime';
import type { LogEngine, SnapshotMark } from '@flotilla/storage';
import type { Group } from '../group/group.js';
import type { GroupDriver } from '../multi-raft/group-driver.js';
import type { GroupSpec } from '../multi-raft/group-spec.js';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import { type AppendBatch, AppendQueue, type Release } from './append-queue.js';
import { ApplyRound } from './apply-round.js';
import { CollectRound } from './collect-round.js';
import { DiskSilence } from './disk-silence.js';
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
import type { RaftLoopOptions } from './raft-loop-options.js';
import type { SnapshotKeeper } from './snapshot-keeper.js';

const NO_EPOCH: EpochMark = { current: () => 0, observe: () => undefined };
const NO_PROMOTION: LearnerPromotion = { promote: () => undefined };

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
  readonly #onFailed: ((error: FlotillaError) => void) | undefined;
  readonly #metrics: LoopMetrics = newLoopMetrics();
  readonly #intake: FrameIntake;
  readonly #outbox: Outbox;
  readonly #appends = new AppendQueue();
  readonly #writer: LogWriter;
  readonly #silence: DiskSilence;
  readonly #applies = new ApplyRound();
  readonly #learners: LearnerWatch;
  readonly #loopSnapshots: LoopSnapshots;
  readonly #collecting: CollectRound;
  #state: LoopState = 'new';
  #failure: FlotillaError | undefined;
  #scheduled = false;
  #inTurn = false;
  #released: Release[] = [];

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
      full: (error) => this.#silence.full(error),
      failed: (error) => this.#fail(error),
    });
    this.#silence = new DiskSilence({
      isStalled: () => this.#writer.isStalled,
      began: (why) => this.#count(why),
      room: (error) => {
        // Idle groups would refuse what is asked of them: they lose their leadership as the others do.
        if (error !== undefined) for (const group of this.groups.set.all()) group.startClock();
        options.onRoom?.(error);
      },
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
    this.#collecting = new CollectRound({
      nodeId: this.groups.nodeId,
      groups: this.groups.set,
      runtime: this.#runtime,
      metrics: this.#metrics,
      outbox: this.#outbox,
      appends: this.#appends,
      applies: this.#applies,
      learners: this.#learners,
      snapshots: this.#snapshots,
      install: (group, snapshot) => this.#loopSnapshots.install(group, snapshot),
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
      proposalRefusal: () => this.#silence.noRoom,
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
    return this.#silence.noRoom;
  }

  /** Whether this node says nothing to its peers, since its disk hangs or is full. Whoever speaks for the node as a whole keeps silent too. */
  get isSilent(): boolean {
    return this.#silence.isSilent;
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
    this.#collecting.run(startedAt + budget);
    if (this.#silence.isSilent) this.#outbox.clear();
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
      this.#collecting.release(held, responses);
    }
  }

  #takeTick(): void {
    if (!this.#ticks.take(!this.#intake.isEmpty || this.#collecting.hasBacklog)) return;
    this.#silence.watch();
    this.groups.set.tick();
    this.#learners.ticked(this.groups.set.withLearners);
  }

  // The disk

  #landed(batch: AppendBatch): void {
    this.#silence.landed();
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
