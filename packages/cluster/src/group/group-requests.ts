import { FlotillaError } from '@flotilla/errors';
import {
  type ConfChange,
  type ConfChangeRefusal,
  type ConfChangeV2,
  type ProposalRefused,
  type RawNode,
  Role,
} from '@flotilla/raft-core';
import type { StateMachine } from '../state-machine.js';
import type { ProposalSink, ReadSink } from './completion-sink.js';
import { type ConfChangeSink, ConfChangeProposals } from './conf-change-proposals.js';
import type { GroupLimits } from './group-options.js';
import { LeadershipTransfers, type TransferSink } from './leadership-transfers.js';
import { ProposalQueue } from './proposal-queue.js';
import { ProposalTable } from './proposal-table.js';
import type { ReadLease } from './read-lease.js';
import { ReadQueue } from './read-queue.js';
import { notLeader, outcomeUnknown, overloaded, proposalDropped } from './refusals.js';

/** What the requests of a group need of it. */
export interface RequestsHost {
  readonly raw: RawNode;
  readonly machine: StateMachine;
  /** Ticks of this group since it was opened. */
  tick(): number;
  /** This node's monotonic clock, ms. */
  now(): number;
  /** Why nothing can be asked of the group; undefined while it runs. */
  refusal(): FlotillaError | undefined;
  addressOf(node: number): string | undefined;
  /** A request waits for the next turn. */
  wake(): void;
  /** Why nothing may be proposed to any group of this node. */
  proposalRefusal(): FlotillaError | undefined;
  /** Bytes that the logs of all groups of this node hold. */
  nodeLogBytes(): number;
  /** The logs of this node have become too long: a snapshot of this group would help. */
  pressed(): void;
  /** A request for the leader came here, where it is not. */
  strayed(): void;
}

/**
 * What was asked of one group and has no outcome: proposals, reads, membership changes and transfers. Requests are admitted at
 * once, within bounds, and go to the core together in the next turn: all proposals in one message, all reads under one ReadIndex.
 */
export class GroupRequests {
  readonly table: ProposalTable;
  readonly reads: ReadQueue;
  readonly confChanges: ConfChangeProposals;
  readonly transfers: LeadershipTransfers;
  readonly lease: ReadLease;
  readonly #queue = new ProposalQueue();
  readonly #group: number;
  readonly #limits: GroupLimits;
  readonly #host: RequestsHost;
  #queuedConfChanges: { readonly change: ConfChange | ConfChangeV2; readonly sink: ConfChangeSink }[] = [];
  #readContext = 0;

  constructor(group: number, limits: GroupLimits, lease: ReadLease, host: RequestsHost) {
    this.#group = group;
    this.#limits = limits;
    this.#host = host;
    this.lease = lease;
    this.table = new ProposalTable(group);
    this.reads = new ReadQueue(group);
    this.confChanges = new ConfChangeProposals(group);
    this.transfers = new LeadershipTransfers(group);
  }

  /** Whether anything waits for an outcome. */
  get isIdle(): boolean {
    return (
      this.table.size === 0 &&
      this.#queue.size === 0 &&
      this.reads.pending === 0 &&
      this.confChanges.size === 0 &&
      this.#queuedConfChanges.length === 0 &&
      this.transfers.size === 0
    );
  }

  /** Proposals without an outcome. */
  get proposalsPending(): number {
    return this.table.size + this.#queue.size;
  }

  /** Membership changes without an outcome. */
  get confChangesInFlight(): number {
    return this.confChanges.size + this.#queuedConfChanges.length;
  }

  /** Takes a command for the next turn, or fails it. */
  submit(command: Uint8Array, sink: ProposalSink, slot: number): void {
    const refusal = this.#refuseProposal(command);
    if (refusal !== undefined) {
      sink.failed(slot, refusal);
      return;
    }
    this.#queue.add(command, sink, slot);
    if (this.#queue.size === 1) this.#host.wake();
  }

  #refuseProposal(command: Uint8Array): FlotillaError | undefined {
    const refusal = this.#host.refusal() ?? this.#unlessLeader() ?? this.#host.proposalRefusal();
    if (refusal !== undefined) return refusal;
    const limits = this.#limits;
    if (command.length === 0) {
      return new FlotillaError('InvalidArgument', {
        message: "a command must have at least one byte: empty entries are the leader's own",
        details: { argument: 'command', reason: 'empty' },
      });
    }
    if (command.length > limits.proposalBytesMax) {
      return new FlotillaError('LimitExceeded', {
        message: `the command has ${command.length} bytes, and ${limits.proposalBytesMax} are allowed`,
        details: { limit: 'proposalBytesMax', maximum: limits.proposalBytesMax, actual: command.length },
      });
    }
    if (this.proposalsPending >= limits.proposalsPendingMax) {
      return overloaded(`proposals pending in group ${this.#group}`, limits.proposalsPendingMax);
    }
    if (this.#queue.size > 0 && this.#queue.bytes + command.length > limits.proposalBytesQueuedMax) {
      return overloaded(`bytes of proposals queued in group ${this.#group}`, limits.proposalBytesQueuedMax);
    }
    if (this.#host.nodeLogBytes() + command.length > limits.nodeLogBytesMax) {
      this.#host.pressed();
      return overloaded('bytes of log entries held by this node', limits.nodeLogBytesMax);
    }
    return this.#host.machine.refusal?.(command);
  }

  #unlessLeader(): FlotillaError | undefined {
    if (this.#host.raw.role === Role.Leader) return undefined;
    this.#host.strayed();
    return this.notLeader();
  }

  /** The refusal that says who leads, as far as this node knows. */
  notLeader(): FlotillaError<'NotLeader'> {
    const leader = this.#host.raw.leader;
    return notLeader(this.#group, leader, leader === 0 ? undefined : this.#host.addressOf(leader));
  }

  /** Takes a linearizable read for the next turn, or fails it. Followers ask the leader for the index. */
  submitRead(sink: ReadSink, slot: number): void {
    const refusal = this.#host.refusal() ?? this.#refuseRead();
    if (refusal !== undefined) {
      sink.failed(slot, refusal);
      return;
    }
    const first = !this.reads.hasNew;
    this.reads.add(sink, slot);
    if (first) this.#host.wake();
  }

  #refuseRead(): FlotillaError | undefined {
    if (this.#host.raw.leader === 0) return this.notLeader();
    if (this.reads.pending >= this.#limits.readsPendingMax) {
      return overloaded(`reads pending in group ${this.#group}`, this.#limits.readsPendingMax);
    }
    return undefined;
  }

  /** Takes a membership change for the next turn, or fails it. */
  submitConfChange(change: ConfChange | ConfChangeV2, sink: ConfChangeSink): void {
    const refusal = this.#host.refusal() ?? this.#unlessLeader() ?? this.#host.proposalRefusal();
    if (refusal !== undefined) {
      sink.failed(refusal);
      return;
    }
    this.#queuedConfChanges.push({ change, sink });
    this.#host.wake();
  }

  /** Asks the core to hand leadership to `to`. */
  submitTransfer(to: number, sink: TransferSink): void {
    const { raw } = this.#host;
    const refusal = this.#host.refusal() ?? this.#unlessLeader() ?? this.#refuseTransfer(to);
    if (refusal !== undefined) {
      sink.failed(refusal);
      return;
    }
    if (to === raw.id) {
      sink.done(to);
      return;
    }
    this.lease.forbid(raw.term);
    raw.transferLeadership(to);
    this.transfers.add(to, this.#host.tick(), sink);
    this.#host.wake();
  }

  #refuseTransfer(to: number): FlotillaError | undefined {
    const { voters, votersOutgoing } = this.#host.raw.configuration;
    if (voters.includes(to) || votersOutgoing.includes(to)) return undefined;
    return new FlotillaError('InvalidArgument', {
      message: `node ${to} is no voter of group ${this.#group} and cannot lead it`,
      details: { argument: 'to', reason: 'not a voter' },
    });
  }

  /** Hands the core what was taken since the last turn. */
  flush(): void {
    if (this.#queue.size > 0) this.#propose();
    if (this.#queuedConfChanges.length > 0) this.#proposeConfChanges();
    if (this.reads.hasNew) this.#askReads();
  }

  #askReads(): void {
    const { raw } = this.#host;
    this.reads.ask(this.#nextContext(), this.#host.tick(), this.#host.now());
    // A lease was confirmed in this term, so that all that is committed is known here.
    if (raw.role === Role.Leader && this.lease.isHeld(raw.term)) this.reads.confirmed(this.#readContext, raw.commit);
    else raw.readIndex(this.#readContext);
  }

  /** The core confirmed a question at an index: on a leader, by a round of heartbeats that a quorum has answered. */
  readConfirmed(context: number, index: number): void {
    const { raw } = this.#host;
    const askedMs = this.reads.confirmed(context, index);
    if (askedMs !== undefined && raw.role === Role.Leader) this.lease.confirmed(raw.term, askedMs);
  }

  #nextContext(): number {
    this.#readContext++;
    return this.#readContext;
  }

  #propose(): void {
    const { commands, sinks, slots } = this.#queue.take();
    const result = this.#host.raw.propose(commands);
    if (!result.ok) {
      const error = this.#refused(result);
      for (let at = 0; at < sinks.length; at++) (sinks[at] as ProposalSink).failed(slots[at] as number, error);
      return;
    }
    const { index, term } = result;
    for (let at = 0; at < sinks.length; at++) {
      this.table.add(index + at, term, sinks[at] as ProposalSink, slots[at] as number);
    }
  }

  #refused(result: ProposalRefused): FlotillaError {
    switch (result.reason) {
      case 'no-leader':
      case 'not-leader':
        return this.notLeader();
      case 'uncommitted-size':
        return overloaded(`uncommitted bytes of group ${this.#group}`, this.#limits.uncommittedBytesMax);
      case 'removed':
        return proposalDropped(this.#group, 'this leader was removed from the configuration');
      case 'transferring':
        return proposalDropped(this.#group, 'its leadership is being transferred');
      case 'forwarded':
        return outcomeUnknown(this.#group, undefined, 'the proposal was sent on to another node');
    }
  }

  #proposeConfChanges(): void {
    const queued = this.#queuedConfChanges;
    this.#queuedConfChanges = [];
    const { raw } = this.#host;
    for (const { change, sink } of queued) {
      const result = raw.proposeConfChange(change);
      if (!result.ok) sink.failed(this.#refused(result));
      else if (result.replaced === undefined) this.confChanges.add(result.index, result.term, sink);
      else sink.failed(this.#replaced(result.replaced));
    }
  }

  #replaced(reason: ConfChangeRefusal): FlotillaError {
    if (reason === 'not-joint' || reason === 'impossible') {
      const why =
        reason === 'not-joint'
          ? 'it is in no joint configuration that could be left'
          : 'applied to the present one it would leave no voters, or move more than one voter without a joint configuration';
      return new FlotillaError('ConfChangeInvalid', {
        message: `the configuration of group ${this.#group} does not allow the change: ${why}`,
        details: { group: this.#group, reason },
      });
    }
    return new FlotillaError('ConfChangeInProgress', {
      message: `another membership change of group ${this.#group} is in flight: wait until it is applied, then try again`,
      details: { group: this.#group },
    });
  }

  /** Whether anything waits that the passing of time may end. */
  get isTimed(): boolean {
    return this.reads.pending > 0 || this.transfers.size > 0;
  }

  /** A tick of the group: asks again for reads that a message loss may have swallowed, and gives up late transfers. */
  ticked(electionTicks: number, tickMs: number): void {
    const { raw } = this.#host;
    const tick = this.#host.tick();
    this.transfers.failAskedBy(tick - 2 * electionTicks, 2 * electionTicks * tickMs);
    if (raw.role !== Role.Leader && this.reads.hasOverdue(tick - this.#limits.readRetryTicks)) {
      this.reads.askAgain(this.#nextContext(), tick, this.#host.now());
      raw.readIndex(this.#readContext);
    }
  }

  /** Leader, term or role changed. Those whose question only the former leader could answer are told so. */
  roleChanged(why: string): void {
    const { raw } = this.#host;
    const unknown = (index: number): FlotillaError => outcomeUnknown(this.#group, index, why);
    this.table.failAll(unknown);
    this.confChanges.failAll(unknown);
    this.reads.failUnconfirmed(() => this.notLeader());
    if (raw.leader !== 0 && raw.leader !== raw.id) this.transfers.ledBy(raw.leader);
  }

  /** Nothing more will be answered. `definite` is for what never reached a log, `unknown` for what did. */
  failAll(definite: () => FlotillaError, unknown: (index: number) => FlotillaError): void {
    this.#queue.failAll(definite);
    const queued = this.#queuedConfChanges;
    this.#queuedConfChanges = [];
    for (const { sink } of queued) sink.failed(definite());
    this.table.failAll(unknown);
    this.confChanges.failAll(unknown);
    this.reads.failAll(definite);
    this.transfers.failAll(definite);
  }
}
