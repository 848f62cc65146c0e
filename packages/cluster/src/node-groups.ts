import type { FlotillaError } from '@flotilla/errors';
import type { ConfChange, ConfChangeV2 } from '@flotilla/raft-core';
import type { SnapshotMark } from '@flotilla/storage';
import type { Proposed, ProposalSink, ReadSink } from './group/completion-sink.js';
import type { GroupObserver } from './group/group-observer.js';
import type { GroupStatus, PeerProgress } from './group/group-status.js';
import { groupNotFound } from './group/refusals.js';
import type { GroupHost, HeldGroup, ReplicaSpec } from './membership/group-host.js';
import type { ConfChanged, MultiRaft, WaitOptions } from './multi-raft/multi-raft.js';
import type { GroupLoad } from './group/group-load.js';
import type { LoopMetrics } from './raft-loop/loop-metrics.js';
import type { RaftWorker } from './raft-worker.js';
import type { StateMachine } from './state-machine.js';

/**
 * All groups of this node, whichever of its workers runs them. A group's worker is fixed in the catalog; a group that is not held is looked
 * for in worker 0, which says so.
 */
export class NodeGroups implements GroupHost {
  readonly nodeId: number;
  readonly #workers: readonly RaftWorker[];
  readonly #workerOf = new Map<number, number>();

  constructor(nodeId: number, workers: readonly RaftWorker[]) {
    this.nodeId = nodeId;
    this.#workers = workers;
  }

  /** Recovers and opens the groups that the catalog lists, each on its worker, and runs. */
  async start(held: readonly HeldGroup[]): Promise<void> {
    for (const { group, worker } of held) this.#workerOf.set(group, worker);
    for (const [number, worker] of this.#workers.entries()) {
      await worker.start(held.filter((group) => group.worker === number));
    }
  }

  /** The worker that a new replica goes to: the one with the fewest. */
  workerForNew(): number {
    const loads = this.#workers.map((worker) => worker.groups.groupCount);
    return Math.max(0, loads.indexOf(Math.min(...loads)));
  }

  /** The worker that holds a group. */
  workerOf(group: number): number {
    return this.#workerOf.get(group) ?? 0;
  }

  #groupsFor(group: number): MultiRaft {
    const worker = this.#workers[this.workerOf(group)];
    if (worker !== undefined) return worker.groups;
    throw groupNotFound(group);
  }

  groupIds(): readonly number[] {
    return this.#workers.flatMap((worker) => worker.groups.groupIds()).toSorted((a, b) => a - b);
  }

  get groupCount(): number {
    return this.#workers.reduce((count, worker) => count + worker.groups.groupCount, 0);
  }

  hasGroup(group: number): boolean {
    return this.#groupsFor(group).hasGroup(group);
  }

  status(group: number): GroupStatus {
    return this.#groupsFor(group).status(group);
  }

  /** Of all groups held, by id. */
  statuses(): readonly GroupStatus[] {
    return this.groupIds().map((group) => this.status(group));
  }

  /** What waits in each group held. */
  loads(): readonly GroupLoad[] {
    return this.#workers.flatMap((worker) => worker.groups.loads());
  }

  openReplica({ group, worker, incarnation, voters, learners }: ReplicaSpec): void {
    this.#workerOf.set(group, worker);
    this.#groupsFor(group).addGroupAsLearner(group, voters, learners, { incarnation });
  }

  async dropReplica(group: number): Promise<void> {
    await this.#groupsFor(group).removeGroup(group);
    this.#workerOf.delete(group);
  }

  campaignAll(): void {
    for (const worker of this.#workers) worker.groups.campaignAll();
  }

  matchIndex(group: number, peer: number): number | undefined {
    return this.#groupsFor(group).matchIndex(group, peer);
  }

  progress(group: number): ReadonlyMap<number, PeerProgress> | undefined {
    return this.#groupsFor(group).progress(group);
  }

  snapshotMetadata(group: number): SnapshotMark | undefined {
    return this.#groupsFor(group).snapshotMetadata(group);
  }

  snapshotNow(group: number): Promise<SnapshotMark> {
    const worker = this.#workers[this.workerOf(group)];
    return worker === undefined ? Promise.reject(groupNotFound(group)) : worker.snapshotNow(group);
  }

  stateMachine(group: number): StateMachine {
    return this.#groupsFor(group).stateMachine(group);
  }

  submit(group: number, command: Uint8Array, sink: ProposalSink, slot: number): void {
    this.#groupsFor(group).submit(group, command, sink, slot);
  }

  submitRead(group: number, sink: ReadSink, slot: number): void {
    this.#groupsFor(group).submitRead(group, sink, slot);
  }

  proposeToGroup(group: number, command: Uint8Array, options?: WaitOptions): Promise<Proposed> {
    return this.#groupsFor(group).proposeToGroup(group, command, options);
  }

  readIndex(group: number, options?: WaitOptions): Promise<number> {
    return this.#groupsFor(group).readIndex(group, options);
  }

  waitApplied(group: number, index: number, options?: WaitOptions): Promise<'reached' | 'gone'> {
    return this.#groupsFor(group).waitApplied(group, index, options);
  }

  proposeConfChange(group: number, change: ConfChange | ConfChangeV2, options?: WaitOptions): Promise<ConfChanged> {
    return this.#groupsFor(group).proposeConfChange(group, change, options);
  }

  transferLeadership(group: number, to: number, options?: WaitOptions): Promise<void> {
    return this.#groupsFor(group).transferLeadership(group, to, options);
  }

  observe(observer: GroupObserver): () => void {
    const unwatch = this.#workers.map((worker) => worker.groups.observe(observer));
    return () => {
      for (const stop of unwatch) stop();
    };
  }

  /** The connection to a host broke: see `MultiRaft.hostSuspected`. */
  hostSuspected(node: number): void {
    for (const worker of this.#workers) worker.groups.hostSuspected(node);
  }

  /** A host is dead: see `MultiRaft.hostDead`. */
  hostDead(node: number): void {
    for (const worker of this.#workers) worker.groups.hostDead(node);
  }

  /** A host is there again: see `MultiRaft.hostAlive`. */
  hostAlive(node: number): void {
    for (const worker of this.#workers) worker.groups.hostAlive(node);
  }

  /** Placement changed: learners that were left alone are offered for promotion again. */
  reconsiderPromotions(): void {
    for (const worker of this.#workers) worker.reconsiderPromotions();
  }

  /** Counters of each worker's pump. */
  get loopMetrics(): readonly Readonly<LoopMetrics>[] {
    return this.#workers.map((worker) => worker.metrics);
  }

  /** Why a pump stopped by itself; undefined while all run. */
  get failure(): FlotillaError | undefined {
    return this.#workers.map((worker) => worker.failure).find((failure) => failure !== undefined);
  }

  /** Why a disk takes no more; undefined while all have room. */
  get noRoom(): FlotillaError | undefined {
    return this.#workers.map((worker) => worker.noRoom).find((error) => error !== undefined);
  }

  /** Whether a pump says nothing to the peers, since its disk hangs or is full: then the node must not look alive. */
  get isSilent(): boolean {
    return this.#workers.some((worker) => worker.isSilent);
  }

  /** Stops all pumps and waits for what is in flight. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}
