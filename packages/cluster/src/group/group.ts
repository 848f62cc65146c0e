import type { FlotillaError } from '@flotilla/errors';
import {
  type ConfState,
  type HardState,
  type Message,
  MessageType,
  type RawNode,
  type Ready,
  Role,
  type Snapshot,
  type StepResult,
} from '@flotilla/raft-core';
import type { SnapshotMark } from '@flotilla/storage';
import type { StateMachine } from '../state-machine.js';
import { type AppliedOutcome, AppliedWatermark } from './applied-watermark.js';
import { CommittedDelivery } from './committed-delivery.js';
import { GroupClock } from './group-clock.js';
import { groupCore } from './group-core.js';
import type { GroupLog } from './group-log.js';
import type { GroupLimits, GroupTiming } from './group-options.js';
import type { GroupHost, GroupOptions } from './group-parts.js';
import { GroupRequests, type RequestsHost } from './group-requests.js';
import { LostLog } from './lost-log.js';
import { ReadLease } from './read-lease.js';
import { groupNotFound, groupStopped, outcomeUnknown, shutdown } from './refusals.js';

/** `running`; `stopped` by its own fault; `removed` from this node; `shutdown` with the whole loop. */
export type GroupState = 'running' | 'stopped' | 'removed' | 'shutdown';

/**
 * One replica of one Raft group on this node: the driver of its core, in the asynchronous mode. It knows no disk and no
 * network: what `collect` returns is the loop's to do.
 *
 * A throw from the core or the state machine stops this group alone: it takes no more part in anything, its applied index stays
 * where it is, its waiting requests are failed, and its log on disk is left for the next start.
 */
export class Group {
  readonly id: number;
  readonly incarnation: number;
  readonly nodeId: number;
  readonly raw: RawNode;
  readonly log: GroupLog;
  readonly machine: StateMachine;
  readonly requests: GroupRequests;
  readonly watermark: AppliedWatermark;
  readonly limits: GroupLimits;
  /** In the dirty set of those who hold it; theirs to set. */
  dirty = false;
  readonly #host: GroupHost;
  readonly #timing: GroupTiming;
  readonly #tickMs: number;
  readonly #clock: GroupClock;
  readonly #committed: CommittedDelivery;
  readonly #lostLog: LostLog;
  #state: GroupState = 'running';
  #failure: Error | undefined;
  #closedBy: FlotillaError | undefined;
  #tick = 0;
  #term: number;
  #role: Role = Role.Follower;
  #leader = 0;
  #campaignAfterApply = false;
  /** Votes are withheld before this tick. */
  #votesFromTick = 0;
  #clockStands = false;

  constructor(options: GroupOptions) {
    const { group, log, limits, timing, rules } = options;
    this.id = group;
    this.incarnation = options.incarnation;
    this.nodeId = options.nodeId;
    this.log = log;
    this.machine = options.machine;
    this.limits = limits;
    this.#host = options.host;
    this.#timing = timing;
    this.#tickMs = options.tickMs;
    this.watermark = new AppliedWatermark(log.snapshotMark?.index ?? 0);
    this.raw = groupCore(options);
    this.#lostLog = new LostLog(group, this.raw, timing);
    this.#term = this.raw.term;
    const { electionTicks } = timing;
    const lease = new ReadLease({
      enabled: rules.leaseReads,
      electionTicks,
      tickMs: options.tickMs,
      now: options.now,
    });
    this.requests = new GroupRequests(group, limits, lease, this.#requestsHost(options.now));
    this.#committed = new CommittedDelivery({
      group,
      raw: this.raw,
      log,
      machine: this.machine,
      requests: this.requests,
      watermark: this.watermark,
      persistCommit: () => this.#host.persistCommit(this),
      confChangeApplied: (change) => this.#host.observer.confChangeApplied(change),
    });
    // A leader may hold a lease on what this node promised in its former life, and has forgotten.
    if (rules.leaseReads && log.hardState.term > 0) this.#votesFromTick = electionTicks + 1;
    this.#clock = new GroupClock(
      {
        raw: this.raw,
        requests: this.requests,
        hosts: options.hosts,
        isStable: rules.preVote && rules.checkQuorum && !rules.leaseReads,
        appliedIndex: () => this.appliedIndex,
      },
      2 * timing.electionTicks,
    );
    if (options.founders !== undefined && log.lastIndex() === 0 && log.hardState.term === 0) {
      this.raw.bootstrap(options.founders.map((id) => ({ id })));
    }
  }

  #requestsHost(now: () => number): RequestsHost {
    return {
      now,
      raw: this.raw,
      machine: this.machine,
      tick: () => this.#tick,
      refusal: () => this.refusal(),
      addressOf: (node) => this.#host.addressOf(node),
      wake: () => this.wake(),
      strayed: () => this.#rouse(),
      proposalRefusal: () => this.#host.proposalRefusal(),
      nodeLogBytes: () => this.#host.nodeLogBytes(),
      pressed: () => {
        this.log.wantSnapshot();
        this.wake();
      },
    };
  }

  get state(): GroupState {
    return this.#state;
  }

  /** What stopped the group. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The configuration as of the applied index. */
  get confState(): ConfState {
    return this.#committed.confState;
  }

  get appliedIndex(): number {
    return this.watermark.index;
  }

  get isLeader(): boolean {
    return this.#state === 'running' && this.raw.role === Role.Leader;
  }

  /** Whether its clock stands still: nothing is due, and all members know. */
  get isQuiescent(): boolean {
    return this.#state === 'running' && this.raw.quiesced;
  }

  /**
   * Of a leader: whether a member was heard of since check-quorum last looked; the leader itself always is. The clock of an idle group stands only
   * while all its voters are there.
   */
  isHeardOf(node: number): boolean {
    const isKnownThere = node === this.nodeId || (this.raw.quiesced && this.confState.voters.includes(node));
    return isKnownThere || this.raw.progress(node)?.recentActive === true;
  }

  /** Whether an installed snapshot's state is being built, during which nothing is applied. */
  get isInstalling(): boolean {
    return this.#committed.isInstalling;
  }

  /** Bytes of commands applied since the newest snapshot. */
  get bytesSinceSnapshot(): number {
    return this.#committed.bytesSinceSnapshot;
  }

  /** A snapshot of what is applied was taken. */
  snapshotTaken(): void {
    this.#committed.bytesSinceSnapshot = 0;
  }

  /** Why nothing can be asked of the group; undefined while it runs. */
  refusal(): FlotillaError | undefined {
    switch (this.#state) {
      case 'running':
        return undefined;
      case 'stopped':
        return groupStopped(this.id, this.#failure?.message ?? 'unknown');
      case 'removed':
        return groupNotFound(this.id);
      case 'shutdown':
        return this.#closedBy ?? shutdown(`a request to group ${this.id}`);
    }
  }

  wake(): void {
    this.#host.wake(this);
  }

  /** Hands the core the requests taken since the last turn. */
  flushRequests(): void {
    if (this.#state !== 'running') return;
    try {
      this.requests.flush();
      // A lease answers at once.
      this.requests.reads.appliedTo(this.watermark.index);
    } catch (error) {
      this.fail(error);
    }
  }

  /** One tick of the clock. */
  tick(): void {
    if (this.#state !== 'running') return;
    try {
      this.#tick++;
      this.#clock.tick();
      if (this.requests.isTimed) this.requests.ticked(this.#timing.electionTicks, this.#tickMs);
      if (this.raw.hasReady() || this.#clock.hasOutgoing || this.raw.quiesced !== this.#clockStands) this.wake();
    } catch (error) {
      this.fail(error);
    }
  }

  /** A message of a peer, or of the core's own storage threads. */
  step(message: Message): StepResult {
    if (this.#state !== 'running') return 'ok';
    try {
      if (this.#tick < this.#votesFromTick && asksForVote(message)) return 'ok';
      const given = GroupClock.concerns(message) ? this.#clock.take(message) : message;
      if (given === undefined) return 'ok';
      const stood = this.raw.quiesced;
      const result = this.raw.step(given);
      if (stood) this.#clock.woken(message.from);
      if (given.type === MessageType.Heartbeat) {
        const lost = this.#lostLog.heartbeatTaken(given, result);
        if (lost !== undefined) this.fail(lost);
      }
      return result;
    } catch (error) {
      this.fail(error);
      return 'ok';
    }
  }

  /**
   * Starts an election as if its timer had fired. While committed entries wait to be applied, there may be a membership change among
   * them, and the core would refuse: then the election starts right behind them.
   */
  campaign(): void {
    this.#campaignAfterApply = this.raw.commit > this.appliedIndex;
    if (this.#campaignAfterApply) this.wake();
    else this.#guarded(() => this.raw.campaign());
  }

  /** Messages to `node` may have been lost. */
  reportUnreachable(node: number): void {
    this.#guarded(() => this.raw.reportUnreachable(node));
  }

  /** The connection to the host of `node` broke. */
  hostSuspected(node: number): void {
    this.#actOnHost(() => this.#clock.hostSuspected(node));
  }

  /** The host of `node` is known to be dead: nothing that only it could answer is waited for. */
  hostDead(node: number): void {
    this.#actOnHost(() => this.#clock.hostDead(node));
  }

  /** See `GroupClock.hostAlive`. */
  hostAlive(node: number): void {
    this.#actOnHost(() => this.#clock.hostAlive(node));
  }

  #actOnHost(act: () => boolean): void {
    if (this.#state !== 'running') return;
    try {
      if (act()) this.wake();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Something may be due after all: the clock runs again. */
  startClock(): void {
    if (this.isQuiescent) this.#guarded(() => this.#clock.start());
  }

  /** Somebody asks for what only the leader has: where all clocks stand, it is time to see whether the leader does. */
  #rouse(): void {
    if (!this.isQuiescent) return;
    this.#guarded(() => {
      this.#clock.start();
      this.#clock.woken(this.nodeId);
    });
  }

  /** Messages of this host to others, beside the core's: about stopping the group's clocks. */
  takeClockMessages(): readonly Message[] {
    return this.#clock.takeOutgoing();
  }

  /** A snapshot stream to `node` ended. */
  reportSnapshot(node: number, status: 'success' | 'failure'): void {
    this.#guarded(() => this.raw.reportSnapshot(node, status));
  }

  #guarded(action: () => void): void {
    if (this.#state !== 'running') return;
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
    this.wake();
  }

  /** What the core wants done since it was last asked; undefined: nothing. Entries and hard state are in the log already. */
  collect(): Ready | undefined {
    if (this.#state !== 'running') return undefined;
    try {
      this.#noticeClock();
      if (!this.raw.hasReady()) return undefined;
      const ready = this.raw.ready();
      this.#noticeRole();
      for (const read of ready.readStates) this.requests.readConfirmed(read.context, read.index);
      if (ready.readStates.length > 0) this.requests.reads.appliedTo(this.watermark.index);
      if (ready.append !== undefined) this.#appended(ready.append.snapshot, ready.append.hardState, ready);
      if (ready.apply !== undefined) this.#committed.push(ready.apply);
      return ready;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #appended(snapshot: Snapshot | undefined, hardState: HardState | undefined, ready: Ready): void {
    if (snapshot !== undefined) {
      const mark = { index: snapshot.index, term: snapshot.term, confState: snapshot.confState };
      const replaced = this.#committed.install(mark);
      this.log.install(mark);
      // What waited for delivery is in the snapshot: the core need not wait for it either.
      for (const response of replaced) this.raw.step(response);
    }
    this.log.append(ready.append?.entries ?? []);
    if (hardState !== undefined) this.log.setHardState(hardState);
  }

  #noticeClock(): void {
    if (this.raw.quiesced === this.#clockStands) return;
    this.#clockStands = this.raw.quiesced;
    this.#host.clockChanged(this);
  }

  #noticeRole(): void {
    const { term, role, leader } = this.raw;
    if (term === this.#term && role === this.#role && leader === this.#leader) return;
    this.#term = term;
    this.#role = role;
    this.#leader = leader;
    this.requests.roleChanged(`group ${this.id} changed its leader or term`);
    this.#host.observer.leaderChanged({ group: this.id, leader, term, role });
  }

  /** Whether committed entries wait for delivery. */
  get hasApplies(): boolean {
    return this.#state === 'running' && this.#committed.isDue;
  }

  /** A hard state with this commit index is durable. */
  commitDurable(commit: number): void {
    if (this.#committed.commitDurable(commit)) this.wake();
  }

  /**
   * Delivers committed entries in log order, at most `applyEntriesMax` and `applyBytesMax`. Returns how many; the rest waits for
   * the next turn.
   */
  apply(): number {
    let entries = 0;
    let bytes = 0;
    const { applyEntriesMax, applyBytesMax } = this.limits;
    while (this.hasApplies && entries < applyEntriesMax && bytes < applyBytesMax) {
      try {
        const delivery = this.#committed.next(applyEntriesMax - entries, applyBytesMax - bytes);
        if (delivery === undefined) break;
        entries += delivery.entries.length;
        bytes += delivery.bytes;
        for (const response of this.#committed.done(delivery)) this.raw.step(response);
      } catch (error) {
        this.fail(error);
      }
    }
    if (entries > 0) {
      this.#host.observer.appliedTo(this.id, this.watermark.index);
      this.wake();
      if (this.#campaignAfterApply) this.campaign();
    }
    return entries;
  }

  /** The state of the snapshot that `collect` handed out was swapped in: delivery goes on behind it. */
  installed(mark: SnapshotMark): void {
    if (this.#state !== 'running' || !this.#committed.installed(mark)) return;
    this.#host.observer.appliedTo(this.id, mark.index);
    this.wake();
  }

  /** Resolves when `index` is applied here, or the group is gone; rejects with Aborted. */
  waitApplied(index: number, signal?: AbortSignal): Promise<AppliedOutcome> {
    return this.watermark.wait(index, signal);
  }

  /** Stops this group alone, for good. */
  fail(cause: unknown): void {
    if (this.#state !== 'running') return;
    const failure = cause instanceof Error ? cause : new Error(String(cause));
    this.#clock.leave();
    this.wake();
    this.#state = 'stopped';
    this.#failure = failure;
    this.#committed.clear();
    this.requests.failAll(
      () => groupStopped(this.id, failure.message),
      (index) => outcomeUnknown(this.id, index, `group ${this.id} stopped on this node: ${failure.message}`, failure),
    );
    this.#host.observer.groupStopped(this.id, failure);
  }

  /** The group leaves this node (`removed`), or the node stops (`shutdown`). */
  close(state: 'removed' | 'shutdown', cause?: FlotillaError): void {
    if (this.#state === 'removed' || this.#state === 'shutdown') return;
    if (state === 'removed' && this.#state === 'running') {
      this.#clock.leave();
      this.wake();
    }
    this.#state = state;
    this.#closedBy = cause;
    this.#committed.clear();
    const why =
      state === 'removed' ? `group ${this.id} was dropped from this node` : (cause?.message ?? 'the node stops');
    const refuse = (): FlotillaError => this.refusal() ?? shutdown(`a request to group ${this.id}`);
    this.requests.failAll(refuse, (index) => outcomeUnknown(this.id, index, why, cause));
    if (state === 'removed') this.watermark.gone();
    else this.watermark.shutdown(refuse);
  }
}

function asksForVote({ type }: Message): boolean {
  return type === MessageType.Vote || type === MessageType.PreVote;
}
