import { FlotillaError } from '@flotilla/errors';
import type { ConfChange, ConfChangeV2, ConfState } from '@flotilla/raft-core';
import type { Runtime } from '@flotilla/runtime';
import type { SnapshotMark } from '@flotilla/storage';
import type { Proposed, ProposalSink, ReadSink } from '../group/completion-sink.js';
import type { GroupObserver } from '../group/group-observer.js';
import type { GroupLimits, GroupRules, GroupTiming } from '../group/group-options.js';
import type { GroupStatus, PeerProgress } from '../group/group-status.js';
import type { StateMachine } from '../state-machine.js';
import type { AddressBook, VshardRouting } from './vshard-routing.js';

/** What a MultiRaft is made of. */
export interface MultiRaftOptions {
  readonly nodeId: number;
  readonly runtime: Runtime;
  /** A fresh state machine for a group; called once each time the group is opened. */
  readonly stateMachine: (group: number) => StateMachine;
  readonly timing?: Partial<GroupTiming>;
  readonly rules?: Partial<GroupRules>;
  readonly limits?: Partial<GroupLimits>;
  /** Without it no vShard is mapped. */
  readonly routing?: VshardRouting;
  /** Without it redirects name the leader, and no address. */
  readonly addresses?: AddressBook;
  readonly observers?: readonly GroupObserver[];
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

  constructor(options: MultiRaftOptions) {
    this.nodeId = options.nodeId;
  }

  /** Groups held. */
  get groupCount(): number {
    throw unfinished();
  }

  /** Ids of the groups held, ascending. */
  groupIds(): number[] {
    throw unfinished();
  }

  hasGroup(_group: number): boolean {
    throw unfinished();
  }

  /**
   * Founds a group: `voters` are its first configuration, the same list on all of them. Does nothing when the group is held.
   *
   * @throws InvalidArgument for ids that are not positive safe integers, a group below 0, or an empty list.
   */
  addGroup(_group: number, _voters: readonly number[], _options?: { readonly incarnation?: number }): void {
    throw unfinished();
  }

  /**
   * Opens a replica of an existing group on this node, with an empty log; log and configuration come from the leader, once this
   * node is learner there. `voters` and `learners` are what status shows until then. Does nothing when the group is held.
   */
  addGroupAsLearner(
    _group: number,
    _voters: readonly number[],
    _learners: readonly number[],
    _options?: { readonly incarnation?: number },
  ): void {
    throw unfinished();
  }

  /** Drops a group with its log and snapshots: watchers close with `gone`, waiting calls fail with GroupNotFound. Resolves when the disk has it. Does nothing when the group is not held. */
  removeGroup(_group: number): Promise<void> {
    throw unfinished();
  }

  /** @throws GroupNotFound */
  status(_group: number): GroupStatus {
    throw unfinished();
  }

  /** Of all groups held, by id. */
  statuses(): GroupStatus[] {
    throw unfinished();
  }

  /** The highest index that `peer` is known to hold durably; undefined where this node does not lead the group or has no such peer. */
  matchIndex(_group: number, _peer: number): number | undefined {
    throw unfinished();
  }

  /** Progress of all peers of a led group by id; undefined where this node does not lead it. */
  progress(_group: number): ReadonlyMap<number, PeerProgress> | undefined {
    throw unfinished();
  }

  /** The newest durable snapshot of the group on this node. */
  snapshotMetadata(_group: number): SnapshotMark | undefined {
    throw unfinished();
  }

  /** The leader of the group that holds the vShard, from the live state of the group on this node, not from a hint. */
  leaderForVshard(_vshard: number): number | undefined {
    throw unfinished();
  }

  /** Proposes a command; its outcome goes to `sink`, also when it is refused, which may be within the call. */
  submit(_group: number, _command: Uint8Array, _sink: ProposalSink, _slot: number): void {
    throw unfinished();
  }

  /**
   * Proposes a command and resolves after it was applied on this node.
   *
   * Rejects with GroupNotFound, NotLeader, Overloaded, LimitExceeded, ProposalDropped, GroupStopped (all definite: never applied), or
   * with ProposalOutcomeUnknown, Aborted or Shutdown (unknown).
   */
  proposeToGroup(_group: number, _command: Uint8Array, _options?: WaitOptions): Promise<Proposed> {
    throw unfinished();
  }

  /** The same for the group that holds the vShard. Rejects with VShardNotMapped too. */
  proposeToVshard(_vshard: number, _command: Uint8Array, _options?: WaitOptions): Promise<Proposed> {
    throw unfinished();
  }

  /** Asks for a linearizable read; its outcome goes to `sink`. Reads of one turn share one ReadIndex. Works on followers too. */
  submitRead(_group: number, _sink: ReadSink, _slot: number): void {
    throw unfinished();
  }

  /** Resolves with the read index once this node has applied it: what its state machine then shows is linearizable. */
  readIndex(_group: number, _options?: WaitOptions): Promise<number> {
    throw unfinished();
  }

  /** Resolves when `index` is applied on this node (`reached`), or the group was dropped (`gone`). Rejects with Aborted. */
  waitApplied(_group: number, _index: number, _options?: WaitOptions): Promise<'reached' | 'gone'> {
    throw unfinished();
  }

  /**
   * Proposes a membership change and resolves after it was applied on this node.
   * Rejects with ConfChangeInProgress when another one is in flight, ConfChangeInvalid when the configuration does not allow it (both definite), or as `proposeToGroup`.
   */
  proposeConfChange(_group: number, _change: ConfChange | ConfChangeV2, _options?: WaitOptions): Promise<ConfChanged> {
    throw unfinished();
  }

  /** Asks the leader, this node, to hand its leadership to `to`; resolves when another leader is known, rejects with Timeout after an election timeout, or NotLeader. */
  transferLeadership(_group: number, _to: number, _options?: WaitOptions): Promise<void> {
    throw unfinished();
  }

  /** Starts an election now, as if the timer had fired. Does nothing where this node leads or may not campaign. */
  campaign(_group: number): void {
    throw unfinished();
  }

  /** `campaign` in every group: one forced tick. */
  campaignAll(): void {
    throw unfinished();
  }

  /** The state machine of a group on this node, for reads. @throws GroupNotFound */
  stateMachine(_group: number): StateMachine {
    throw unfinished();
  }

  /** Adds an observer; the returned function takes it away. */
  observe(_observer: GroupObserver): () => void {
    throw unfinished();
  }

  /** Whether any group is without a leader, or this node campaigns in it. */
  get electing(): boolean {
    throw unfinished();
  }
}

function unfinished(): FlotillaError {
  return new FlotillaError('Internal', { message: 'being written', details: { reason: 'being written' } });
}
