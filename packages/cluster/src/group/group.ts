import { FlotillaError, invariant } from '@flotilla/errors';
import {
  type ConfState,
  type HardState,
  type Message,
  MessageType,
  RawNode,
  type Ready,
  Role,
  type Snapshot,
  type StepResult,
  type TraceSink,
} from '@flotilla/raft-core';
import type { SnapshotMark } from '@flotilla/storage';
import type { StateMachine } from '../state-machine.js';
import { type AppliedOutcome, AppliedWatermark } from './applied-watermark.js';
import { ApplyQueue, type Delivery } from './apply-queue.js';
import { namedBy, readConfChange } from './conf-change-entry.js';
import { GroupClock, type HostAliveness } from './group-clock.js';
import type { GroupLog } from './group-log.js';
import type { GroupObserver } from './group-observer.js';
import type { GroupLimits, GroupRules, GroupTiming } from './group-options.js';
import { GroupRequests, type RequestsHost } from './group-requests.js';
import { ReadLease } from './read-lease.js';
import { groupNotFound, groupStopped, outcomeUnknown, shutdown } from './refusals.js';

/** What a group needs of those who hold it. */
export interface GroupHost {
  /** The group has work for the next turn. */
  wake(group: Group): void;
  /** The group's clock stopped, or runs again. */
  clockChanged(group: Group): void;
  addressOf(node: number): string | undefined;
  /** Why nothing may be proposed to any group of this node. */
  proposalRefusal(): FlotillaError | undefined;
  /** Bytes that the logs of all groups of this node hold. */
  nodeLogBytes(): number;
  /** Has the group's hard state written, though nothing but its commit index has moved; the loop tells when it is durable. */
  persistCommit(group: Group): void;
  readonly observer: Required<GroupObserver>;
}

/** What one group is made of. */
export interface GroupOptions {
  readonly group: number;
  readonly incarnation: number;
  readonly nodeId: number;
  readonly log: GroupLog;
  /** In the state of the log's snapshot, or empty where there is none. */
  readonly machine: StateMachine;
  /** Voters of a group that starts with an empty log; undefined where the log, or the leader, knows. */
  readonly founders: readonly number[] | undefined;
  readonly timing: GroupTiming;
  readonly rules: GroupRules;
  readonly limits: GroupLimits;
  /** Length of a tick, for the texts of errors. */
  readonly tickMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** This node's monotonic clock, ms. */
  readonly now: () => number;
  /** Without it an idle group's clock never stops. */
  readonly hosts: HostAliveness | undefined;
  readonly host: GroupHost;
  /** Told of everything that happens in the core; without it nothing is made up to be told. */
  readonly trace: TraceSink | undefined;
}

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
  /** Bytes of commands applied since the newest snapshot. */
  bytesSinceSnapshot = 0;
  readonly #host: GroupHost;
  readonly #timing: GroupTiming;
  readonly #tickMs: number;
  readonly #clock: GroupClock;
  readonly #applies = new ApplyQueue();
  #state: GroupState = 'running';
  #failure: Error | undefined;
  #closedBy: FlotillaError | undefined;
  #confState: ConfState;
  #tick = 0;
  #term: number;
  #role: Role = Role.Follower;
  #leader = 0;
  #installing: SnapshotMark | undefined;
  #campaignAfterApply = false;
  /** Votes are withheld before this tick. */
  #votesFromTick = 0;
  /** Heartbeats in a row that named more than this replica holds. */
  #beyondLog = 0;
  #clockStands = false;
  /** Commit index that the disk knows, and the one that a membership change waits for. */
  #commitDurable: number;
  #commitAwaited = 0;

  constructor(options: GroupOptions) {
    const { group, log, limits, timing, rules, random } = options;
    this.id = group;
    this.incarnation = options.incarnation;
    this.nodeId = options.nodeId;
    this.log = log;
    this.machine = options.machine;
    this.limits = limits;
    this.#host = options.host;
    this.#timing = timing;
    this.#tickMs = options.tickMs;
    const applied = log.snapshotMark?.index ?? 0;
    this.watermark = new AppliedWatermark(applied);
    this.#commitDurable = log.hardState.commit;
    this.#confState = log.initialState().confState;
    this.raw = new RawNode({
      id: options.nodeId,
      electionTicks: timing.electionTicks,
      heartbeatTicks: timing.heartbeatTicks,
      storage: log,
      electionJitter: (ticks) => Math.floor(random() * ticks),
      applied,
      asyncStorageWrites: true,
      maxSizePerMessageBytes: limits.messageBytesMax,
      maxCommittedSizePerReadyBytes: limits.applyBytesMax,
      maxUncommittedSizeBytes: limits.uncommittedBytesMax,
      maxInflightMessages: limits.inflightMessagesMax,
      maxInflightBytes: limits.inflightBytesMax,
      checkQuorum: rules.checkQuorum,
      preVote: rules.preVote,
      // The core's own lease reads trust check-quorum, which looks back too far: see ReadLease.
      readOnly: 'safe',
      disableProposalForwarding: true,
      stepDownOnRemoval: true,
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    });
    this.#term = this.raw.term;
    const { electionTicks } = timing;
    const lease = new ReadLease({
      enabled: rules.leaseReads,
      electionTicks,
      tickMs: options.tickMs,
      now: options.now,
    });
    this.requests = new GroupRequests(group, limits, lease, this.#requestsHost(options.now));
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
    return this.#confState;
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
    const isKnownThere = node === this.nodeId || (this.raw.quiesced && this.#confState.voters.includes(node));
    return isKnownThere || this.raw.progress(node)?.recentActive === true;
  }

  /** Whether an installed snapshot's state is being built, during which nothing is applied. */
  get isInstalling(): boolean {
    return this.#installing !== undefined;
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
      if (given.type === MessageType.Heartbeat) this.#heartbeatTaken(given, result);
      return result;
    } catch (error) {
      this.fail(error);
      return 'ok';
    }
  }

  /**
   * A leader's heartbeat names no more than what this replica has acknowledged. One that names more may be late, and meant for a former
   * replica of this node; if they go on for an election timeout, then what was acknowledged is gone: the log was lost, or an old copy of it put
   * back. Such a replica must not vote, and can never catch up.
   */
  #heartbeatTaken({ from, commit }: Message, result: StepResult): void {
    if (result !== 'commit-beyond-log') {
      this.#beyondLog = 0;
      return;
    }
    this.#beyondLog++;
    if (this.#beyondLog * this.#timing.heartbeatTicks < this.#timing.electionTicks) return;
    const reason = `its log ends at ${this.raw.lastIndex}, and node ${from}, which leads, has seen it acknowledge ${commit}`;
    this.fail(
      new FlotillaError('StorageCorrupt', {
        message:
          `the log of group ${this.id} is not the one that this node had: ${reason}. An older copy of the data folder was put back, or the log was ` +
          'lost: start with an empty folder as a new node and replace this one by it (members replace)',
        details: { path: `group ${this.id}`, offset: 0, reason },
      }),
    );
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
      if (ready.apply !== undefined) this.#applies.push(ready.apply);
      return ready;
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  #appended(snapshot: Snapshot | undefined, hardState: HardState | undefined, ready: Ready): void {
    if (snapshot !== undefined) {
      this.#installing = { index: snapshot.index, term: snapshot.term, confState: snapshot.confState };
      this.log.install(this.#installing);
      // What waited for delivery is in the snapshot: the core need not wait for it either.
      for (const work of this.#applies.takeAll()) for (const response of work.responses) this.raw.step(response);
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
    return (
      this.#state === 'running' &&
      this.#installing === undefined &&
      this.#commitAwaited <= this.#commitDurable &&
      !this.#applies.isEmpty
    );
  }

  /** A hard state with this commit index is durable. */
  commitDurable(commit: number): void {
    if (commit <= this.#commitDurable) return;
    const awaited = this.#commitAwaited > this.#commitDurable;
    this.#commitDurable = commit;
    if (awaited) this.wake();
  }

  /**
   * Whether the run may be delivered now. A membership change waits until the disk knows that it is committed: it may take away the very
   * voters that could tell so after a crash (a group of two that shrinks to one would never elect again).
   */
  #mayDeliver(delivery: Delivery): boolean {
    if (delivery.kind !== 'conf-change' || delivery.last <= this.#commitDurable) return true;
    this.#commitAwaited = delivery.last;
    this.#host.persistCommit(this);
    return false;
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
        const delivery = this.#applies.next(applyEntriesMax - entries, applyBytesMax - bytes);
        invariant(delivery !== undefined, () => `group ${this.id} has apply work without entries`);
        if (!this.#mayDeliver(delivery)) break;
        this.#deliver(delivery);
        entries += delivery.entries.length;
        bytes += delivery.bytes;
        const work = this.#applies.done(delivery);
        if (work !== undefined) for (const response of work.responses) this.raw.step(response);
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

  #deliver(delivery: Delivery): void {
    const { entries, last } = delivery;
    const first = entries[0]?.index ?? 0;
    invariant(
      first === this.watermark.index + 1,
      () => `group ${this.id} delivers ${first} after ${this.watermark.index}`,
    );
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
    const results = this.machine.apply(entries);
    invariant(
      results.length === entries.length,
      () => `the state machine of group ${this.id} returned ${results.length} results for ${entries.length} commands`,
    );
    this.bytesSinceSnapshot += bytes;
    this.#visible(last);
    const { table, confChanges } = this.requests;
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
    const [entry] = entries;
    invariant(entry !== undefined, 'a delivery holds an entry');
    const change = readConfChange(entry);
    const before = this.#confState;
    this.#confState = this.raw.applyConfChange(change, last);
    this.requests.lease.end();
    this.log.confChanged(last);
    this.#visible(last);
    this.#passed(last, lastTerm, this.#confState);
    const targets = namedBy(change);
    this.#host.observer.confChangeApplied({
      group: this.id,
      index: last,
      type: entry.type,
      targets,
      context: change.context,
      before,
      after: this.#confState,
    });
  }

  #visible(index: number): void {
    this.watermark.advance(index);
    this.requests.reads.appliedTo(index);
  }

  #passed(index: number, term: number, confState: ConfState | undefined): void {
    if (this.requests.table.size > 0) this.requests.table.passed(index, term);
    this.requests.confChanges.applied(index, term, confState);
  }

  /** The state of the snapshot that `collect` handed out was swapped in: delivery goes on behind it. */
  installed(mark: SnapshotMark): void {
    if (this.#state !== 'running' || this.#installing?.index !== mark.index) return;
    this.#installing = undefined;
    this.#confState = mark.confState;
    this.bytesSinceSnapshot = 0;
    this.watermark.advance(mark.index);
    this.requests.reads.appliedTo(mark.index);
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
    this.#applies.takeAll();
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
    this.#applies.takeAll();
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
