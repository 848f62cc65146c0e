import { FlotillaError } from '@flotilla/errors';
import type { ConfChange, ConfChangeV2, ConfState } from '@flotilla/raft-core';
import type { Runtime } from '@flotilla/runtime';
import type { SnapshotMark } from '@flotilla/storage';
import type { AppliedOutcome } from '../group/applied-watermark.js';
import type { Proposed, ProposalSink, ReadSink } from '../group/completion-sink.js';
import type { Group } from '../group/group.js';
import type { HostAliveness } from '../group/group-clock.js';
import { EMPTY_LOG, GroupLog } from '../group/group-log.js';
import type { GroupObserver, GroupTraceSink } from '../group/group-observer.js';
import {
  DEFAULT_GROUP_LIMITS,
  DEFAULT_GROUP_RULES,
  DEFAULT_GROUP_TIMING,
  type GroupLimits,
  type GroupRules,
  type GroupTiming,
} from '../group/group-options.js';
import type { GroupStatus, PeerProgress } from '../group/group-status.js';
import { groupNotFound } from '../group/refusals.js';
import type { GroupLoad } from '../group/group-load.js';
import type { StateMachine } from '../state-machine.js';
import { GroupSet } from './group-set.js';
import type { GroupSpec } from './group-spec.js';
import { groupLoadOf, groupStatusOf, progressOf } from './group-status-of.js';
import type { AddressBook, VshardRouting } from './vshard-routing.js';
import { ProposalPromises, ReadPromises, untilAborted } from './waiting-promises.js';

/** What a MultiRaft is made of. */
export interface MultiRaftOptions {
  /** A positive safe integer, the same for the life of its logs. */
  readonly nodeId: number;
  readonly runtime: Runtime;
  /** A fresh, empty state machine for a group; called once each time the group is opened. */
  readonly stateMachine: (group: number) => StateMachine;
  readonly timing?: Partial<GroupTiming>;
  readonly rules?: Partial<GroupRules>;
  readonly limits?: Partial<GroupLimits>;
  /** Length of a tick (default 50 ms). */
  readonly tickMs?: number;
  /** Without it no vShard is mapped. */
  readonly routing?: VshardRouting;
  /** Without it redirects name the leader, and no address. */
  readonly addresses?: AddressBook;
  readonly observers?: readonly GroupObserver[];
  /** Without it the cores make up nothing to be told. */
  readonly trace?: GroupTraceSink;
  /**
   * Liveness of hosts. With it the clocks of idle groups stop, and whoever watches hosts calls `hostSuspected`, `hostDead` and `hostAlive` at once.
   * Without it every group beats for itself, for ever. Not with lease reads, which live on the clocks.
   */
  readonly hosts?: HostAliveness;
}

/** A conf change that was applied. */
export interface ConfChanged {
  readonly group: number;
  readonly index: number;
  readonly term: number;
  /** The configuration as of `index`. */
  readonly confState: ConfState;
}

/** Waiting that can be given up. Giving up waits no longer; it takes nothing back. */
export interface WaitOptions {
  readonly signal?: AbortSignal;
}

/**
 * All Raft groups that one worker of this node holds. It decides nothing about disks and sockets: the loop drives it.
 *
 * Every method may be called at any time; work is done in the next turn of the loop. After `stop` of the loop all waiting
 * calls fail with Shutdown.
 */
export class MultiRaft {
  readonly nodeId: number;
  /** The replicas, as the loop and the chapters below see them. */
  readonly set: GroupSet;
  readonly #options: MultiRaftOptions;
  /** What status shows of a joining replica until it has a configuration. */
  readonly #expected = new Map<number, ConfState>();
  readonly #proposals = new ProposalPromises();
  readonly #reads = new ReadPromises();

  constructor(options: MultiRaftOptions) {
    checkId('nodeId', options.nodeId, 1);
    this.nodeId = options.nodeId;
    this.#options = options;
    this.set = new GroupSet(
      {
        nodeId: options.nodeId,
        timing: { ...DEFAULT_GROUP_TIMING, ...options.timing },
        rules: { ...DEFAULT_GROUP_RULES, ...options.rules },
        limits: { ...DEFAULT_GROUP_LIMITS, ...options.limits },
        tickMs: options.tickMs ?? 50,
        random: () => options.runtime.random(),
        now: () => options.runtime.now(),
        // A host that is taken for dead is forgotten as leader, and a clock that stands counts no lease.
        hosts: options.rules?.leaseReads === true ? undefined : options.hosts,
      },
      options.observers ?? [],
      (node) => options.addresses?.addressOf(node),
      options.trace,
    );
  }

  /** Groups held. */
  get groupCount(): number {
    return this.set.size;
  }

  /** Ids of the groups held, ascending. */
  groupIds(): number[] {
    return this.set.ids();
  }

  /** Whether this node holds a replica of the group. */
  hasGroup(group: number): boolean {
    return this.set.get(group) !== undefined;
  }

  /**
   * Founds a group: `voters` are its first configuration, the same list on all of them. Does nothing when the group is held.
   *
   * @throws InvalidArgument for ids that are not safe integers (nodes from 1, groups from 0), an empty list, or one without this node;
   * NotReady while the loop does not run, or while a former replica of the group is being dropped.
   */
  addGroup(group: number, voters: readonly number[], options: { readonly incarnation?: number } = {}): void {
    checkId('group', group, 0);
    for (const voter of voters) checkId('voters', voter, 1);
    if (!voters.includes(this.nodeId)) {
      throw new FlotillaError('InvalidArgument', {
        message: `node ${this.nodeId} is none of the founders [${voters.join(', ')}] of group ${group}`,
        details: { argument: 'voters', reason: 'this node is not among them' },
      });
    }
    this.#add({ group, incarnation: options.incarnation ?? 0, founders: voters });
  }

  /**
   * Opens a replica of an existing group on this node, with an empty log and an empty configuration; both come from the leader,
   * once this node is learner there. `voters` and `learners` are what status shows until then. Does nothing when the group is held.
   *
   * @throws as `addGroup`
   */
  addGroupAsLearner(
    group: number,
    voters: readonly number[],
    learners: readonly number[],
    options: { readonly incarnation?: number } = {},
  ): void {
    checkId('group', group, 0);
    for (const node of [...voters, ...learners]) checkId('voters', node, 1);
    const added = this.#add({ group, incarnation: options.incarnation ?? 0, founders: undefined });
    if (!added) return;
    const ascending = (ids: readonly number[]): number[] => [...new Set(ids)].sort((a, b) => a - b);
    this.#expected.set(group, {
      voters: ascending(voters),
      learners: ascending(learners),
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    });
  }

  #add(spec: GroupSpec): boolean {
    if (this.set.get(spec.group) !== undefined) return false;
    const { driver } = this.set;
    const refusal = driver === undefined ? notRunning() : driver.refusal();
    if (refusal !== undefined) throw refusal;
    if (this.set.isRemoving(spec.group)) {
      throw new FlotillaError('NotReady', {
        message: `a former replica of group ${spec.group} is still being dropped: await removeGroup first`,
        details: { reason: 'group is being removed' },
      });
    }
    this.set.open(spec, new GroupLog(EMPTY_LOG), this.#options.stateMachine(spec.group));
    return true;
  }

  /**
   * Drops a group with its log and snapshots: watchers close with `gone`, waiting calls fail. Resolves when the disk has it. Does
   * nothing when the group is not held.
   */
  removeGroup(group: number): Promise<void> {
    this.#expected.delete(group);
    return this.set.remove(group);
  }

  /** A state machine that has applied nothing, for the loop to restore. */
  newStateMachine(group: number): StateMachine {
    return this.#options.stateMachine(group);
  }

  /** State of one group. @throws GroupNotFound */
  status(group: number): GroupStatus {
    return this.#statusOf(this.#held(group));
  }

  /** Of all groups held, by id. */
  statuses(): GroupStatus[] {
    return this.groupIds().map((group) => this.status(group));
  }

  /** What waits in each group held, in the order in which they were opened. */
  loads(): GroupLoad[] {
    return [...this.set.all()].map(groupLoadOf);
  }

  #statusOf(group: Group): GroupStatus {
    return groupStatusOf(group, this.#expected.get(group.id), this.#options.routing?.vshardCount(group.id) ?? 0);
  }

  /** The highest index that `peer` is known to hold durably; undefined where this node does not lead the group or has no such peer. */
  matchIndex(group: number, peer: number): number | undefined {
    const held = this.set.get(group);
    if (held?.isLeader !== true) return undefined;
    const match = held.raw.match(peer);
    return match < 0 ? undefined : match;
  }

  /** Progress of all peers of a led group by id; undefined where this node does not lead it. */
  progress(group: number): ReadonlyMap<number, PeerProgress> | undefined {
    const held = this.set.get(group);
    return held?.isLeader === true ? progressOf(held) : undefined;
  }

  /** The newest durable snapshot of the group on this node. */
  snapshotMetadata(group: number): SnapshotMark | undefined {
    return this.set.get(group)?.log.snapshotMark;
  }

  /** The leader of the group that holds the vShard, from the live state of the group on this node, not from a hint. */
  leaderForVshard(vshard: number): number | undefined {
    const group = this.#options.routing?.groupForVshard(vshard);
    const held = group === undefined ? undefined : this.set.get(group);
    if (held === undefined || held.state !== 'running' || held.raw.leader === 0) return undefined;
    return held.raw.leader;
  }

  /** Whether a group is without a known leader on this node. */
  get electing(): boolean {
    for (const group of this.set.all()) {
      if (group.state === 'running' && group.raw.leader === 0) return true;
    }
    return false;
  }

  /** Proposes a command; its outcome goes to `sink`, also when it is refused, which may be within the call. */
  submit(group: number, command: Uint8Array, sink: ProposalSink, slot: number): void {
    const held = this.set.get(group);
    if (held === undefined) sink.failed(slot, groupNotFound(group));
    else held.requests.submit(command, sink, slot);
  }

  /**
   * Proposes a command and resolves after it was applied on this node.
   *
   * Rejects with GroupNotFound, NotLeader, Overloaded, LimitExceeded, InvalidArgument, ProposalDropped, GroupStopped (definite: never applied), or
   * with ProposalOutcomeUnknown, Aborted or Shutdown (unknown).
   */
  proposeToGroup(group: number, command: Uint8Array, options: WaitOptions = {}): Promise<Proposed> {
    return this.#proposals.wait(options.signal, (slot) => this.submit(group, command, this.#proposals, slot));
  }

  /** The same for the group that holds the vShard. Rejects with VShardNotMapped too. */
  proposeToVshard(vshard: number, command: Uint8Array, options: WaitOptions = {}): Promise<Proposed> {
    const group = this.#options.routing?.groupForVshard(vshard);
    if (group !== undefined) return this.proposeToGroup(group, command, options);
    return Promise.reject(
      new FlotillaError('VShardNotMapped', {
        message: `vShard ${vshard} belongs to no group that this node knows of: its routing table may not have arrived`,
        details: { vshard },
      }),
    );
  }

  /** Asks for a linearizable read; its outcome goes to `sink`. Reads of one turn share one ReadIndex. Works on followers too. */
  submitRead(group: number, sink: ReadSink, slot: number): void {
    const held = this.set.get(group);
    if (held === undefined) sink.failed(slot, groupNotFound(group));
    else held.requests.submitRead(sink, slot);
  }

  /** Resolves with the read index once this node has applied it: what its state machine then shows is linearizable. */
  readIndex(group: number, options: WaitOptions = {}): Promise<number> {
    return this.#reads.wait(options.signal, (slot) => this.submitRead(group, this.#reads, slot));
  }

  /** Resolves when `index` is applied on this node (`reached`), or the group was dropped (`gone`). Rejects with GroupNotFound, Aborted or Shutdown. */
  waitApplied(group: number, index: number, options: WaitOptions = {}): Promise<AppliedOutcome> {
    const held = this.set.get(group);
    return held === undefined ? Promise.reject(groupNotFound(group)) : held.waitApplied(index, options.signal);
  }

  /**
   * Proposes a membership change and resolves after it was applied on this node.
   * Rejects with ConfChangeInProgress when another one is in flight, ConfChangeInvalid when the configuration does not allow it (both
   * definite), or as `proposeToGroup`.
   */
  proposeConfChange(group: number, change: ConfChange | ConfChangeV2, options: WaitOptions = {}): Promise<ConfChanged> {
    const held = this.set.get(group);
    if (held === undefined) return Promise.reject(groupNotFound(group));
    return untilAborted('a membership change', options.signal, (resolve, reject) =>
      held.requests.submitConfChange(change, {
        applied: (index, term, confState) => resolve({ group, index, term, confState }),
        failed: reject,
      }),
    );
  }

  /** Asks the leader, this node, to hand its leadership to `to`; resolves when another leader is known, rejects with Timeout, NotLeader, or InvalidArgument when `to` is no voter. */
  transferLeadership(group: number, to: number, options: WaitOptions = {}): Promise<void> {
    const held = this.set.get(group);
    if (held === undefined) return Promise.reject(groupNotFound(group));
    return untilAborted('a leadership transfer', options.signal, (resolve, reject) =>
      held.requests.submitTransfer(to, { done: () => resolve(), failed: reject }),
    );
  }

  /** The connection to a host broke, and it may be back in a moment: the clocks of idle groups that it has a part in run again. */
  hostSuspected(node: number): void {
    this.set.hostSuspected(node);
  }

  /**
   * A host died, as far as liveness knows: the groups that it led elect another leader, and wait no more for the part of an election
   * timeout that would only find that out. Does nothing without `hosts`.
   */
  hostDead(node: number): void {
    this.set.hostDead(node);
  }

  /** A host is there again: idle groups that this node leads and that it is a member of beat, for it may lack something. */
  hostAlive(node: number): void {
    this.set.hostAlive(node);
  }

  /** Starts an election now, as if the timer had fired. Does nothing where this node leads or may not campaign. @throws GroupNotFound */
  campaign(group: number): void {
    this.#held(group).campaign();
  }

  /** `campaign` in every group: one forced tick. */
  campaignAll(): void {
    for (const group of this.set.all()) group.campaign();
  }

  /** The state machine of a group on this node, for reads. @throws GroupNotFound */
  stateMachine(group: number): StateMachine {
    return this.#held(group).machine;
  }

  /** Adds an observer; the returned function takes it away. */
  observe(observer: GroupObserver): () => void {
    return this.set.observers.add(observer);
  }

  #held(group: number): Group {
    const held = this.set.get(group);
    if (held === undefined) throw groupNotFound(group);
    return held;
  }
}

function checkId(argument: string, id: number, least: number): void {
  if (Number.isSafeInteger(id) && id >= least) return;
  throw new FlotillaError('InvalidArgument', {
    message: `${argument} is ${String(id)}: it must be a safe integer of at least ${least}`,
    details: { argument, reason: 'not a valid id' },
  });
}

function notRunning(): FlotillaError<'NotReady'> {
  return new FlotillaError('NotReady', {
    message: 'the loop of these groups does not run yet: start it first',
    details: { reason: 'loop not started' },
  });
}
