import type { FlotillaError } from '@flotilla/errors';
import { Role } from '@flotilla/raft-core';
import type { GroupHost, GroupOptions } from '../group/group-parts.js';
import { Group } from '../group/group.js';
import type { GroupLog, LogBytes } from '../group/group-log.js';
import type { AppliedConfChange, GroupObserver, GroupTraceSink } from '../group/group-observer.js';
import type { LeaderChange } from '../group/group-status.js';
import type { StateMachine } from '../state-machine.js';
import type { GroupDriver } from './group-driver.js';
import type { GroupSpec } from './group-spec.js';
import { Observers } from './observers.js';

/** What is the same for all groups of a set. */
export type GroupDefaults = Pick<
  GroupOptions,
  'nodeId' | 'timing' | 'rules' | 'limits' | 'tickMs' | 'random' | 'now' | 'hosts'
>;

/**
 * The replicas that one worker holds, as the loop sees them: which have work, which tick, which it leads with a learner. The
 * sets are kept as things change; nothing here scans all groups in a turn.
 */
export class GroupSet {
  readonly observers: Observers;
  readonly defaults: GroupDefaults;
  readonly #host: GroupHost;
  readonly #trace: GroupTraceSink | undefined;
  readonly #groups = new Map<number, Group>();
  readonly #removing = new Set<number>();
  readonly #withLearners = new Set<Group>();
  readonly #ticking = new Set<Group>();
  readonly #logBytes: LogBytes = { total: 0 };
  #dirty: Group[] = [];
  #dirtyHead = 0;
  #driver: GroupDriver | undefined;

  constructor(
    defaults: GroupDefaults,
    observers: readonly GroupObserver[],
    addressOf: (node: number) => string | undefined,
    trace?: GroupTraceSink,
  ) {
    this.defaults = defaults;
    this.#trace = trace;
    const own: GroupObserver = {
      leaderChanged: (change) => this.#leaderChanged(change),
      confChangeApplied: (change) => this.#confChangeApplied(change),
      groupStopped: (id) => this.#stopped(id),
    };
    this.observers = new Observers([own, ...observers]);
    this.#host = {
      wake: (group) => this.#wake(group),
      clockChanged: (group) => this.#clockChanged(group),
      addressOf,
      proposalRefusal: () => this.#driver?.proposalRefusal(),
      nodeLogBytes: () => this.#logBytes.total,
      persistCommit: (group) => this.#driver?.persistCommit(group),
      observer: this.observers,
    };
  }

  get size(): number {
    return this.#groups.size;
  }

  /** Bytes that the logs of all groups hold in memory. */
  get logBytes(): number {
    return this.#logBytes.total;
  }

  /** Ids of the groups held, ascending. */
  ids(): number[] {
    return [...this.#groups.keys()].sort((a, b) => a - b);
  }

  get(id: number): Group | undefined {
    return this.#groups.get(id);
  }

  /** All replicas, in the order in which they were opened. */
  all(): Iterable<Group> {
    return this.#groups.values();
  }

  /** Gives the groups the loop that drives them. */
  attach(driver: GroupDriver): void {
    this.#driver = driver;
  }

  get driver(): GroupDriver | undefined {
    return this.#driver;
  }

  /** Whether a former replica of the group is being dropped from the disk. */
  isRemoving(id: number): boolean {
    return this.#removing.has(id);
  }

  /** Opens a replica over a recovered or an empty log; `machine` is in the state of the log's snapshot. */
  open(spec: GroupSpec, log: GroupLog, machine: StateMachine): Group {
    const trace = this.#trace;
    const group = new Group({
      ...this.defaults,
      group: spec.group,
      incarnation: spec.incarnation,
      founders: spec.founders,
      log,
      machine,
      host: this.#host,
      trace: trace === undefined ? undefined : (event) => trace(spec.group, event),
    });
    this.#groups.set(spec.group, group);
    log.countInto(this.#logBytes);
    this.#ticking.add(group);
    this.#wake(group);
    this.observers.groupAdded(spec.group);
    return group;
  }

  /** Closes a replica and drops it from the disk; resolves when the disk has it. */
  async remove(id: number): Promise<void> {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    group.log.countInto(undefined);
    this.#withLearners.delete(group);
    this.#ticking.delete(group);
    group.close('removed');
    this.observers.groupRemoved(id);
    this.#removing.add(id);
    try {
      await this.#driver?.drop(group);
    } finally {
      this.#removing.delete(id);
    }
  }

  /** Groups with work. */
  get dirtyCount(): number {
    return this.#dirty.length - this.#dirtyHead;
  }

  /** Takes the group off that has had work for longest. */
  nextDirty(): Group | undefined {
    const group = this.#dirty[this.#dirtyHead];
    if (group === undefined) return undefined;
    this.#dirtyHead++;
    if (this.#dirtyHead === this.#dirty.length) {
      this.#dirty = [];
      this.#dirtyHead = 0;
    }
    group.dirty = false;
    return group;
  }

  /** Whether any group has work. */
  get hasDirty(): boolean {
    return this.dirtyCount > 0;
  }

  /** Groups whose clock runs. */
  get tickingCount(): number {
    return this.#ticking.size;
  }

  /** One tick for every group whose clock runs. */
  tick(): void {
    for (const group of this.#ticking) group.tick();
  }

  /** The connection to a host broke: idle groups that it has a part in run again. */
  hostSuspected(node: number): void {
    for (const group of this.#groups.values()) group.hostSuspected(node);
  }

  /** A host is known to be dead: groups that it has a part in act on it. */
  hostDead(node: number): void {
    for (const group of this.#groups.values()) group.hostDead(node);
  }

  /** Tells all groups of this worker that the host of a node is there again. */
  hostAlive(node: number): void {
    for (const group of this.#groups.values()) group.hostAlive(node);
  }

  /** Led groups with a learner. */
  get withLearners(): ReadonlySet<Group> {
    return this.#withLearners;
  }

  /** The loop stops: all that waits is failed, with `error` where the disk is the cause. */
  shutdown(error: FlotillaError | undefined): void {
    for (const group of this.#groups.values()) group.close('shutdown', error);
    this.#ticking.clear();
    this.#withLearners.clear();
    this.#dirty = [];
    this.#dirtyHead = 0;
  }

  #wake(group: Group): void {
    if (group.dirty) return;
    group.dirty = true;
    this.#dirty.push(group);
    if (this.dirtyCount === 1) this.#driver?.wake();
  }

  #clockChanged(group: Group): void {
    if (group.isQuiescent) this.#ticking.delete(group);
    else this.#ticking.add(group);
  }

  #leaderChanged(change: LeaderChange): void {
    const group = this.#groups.get(change.group);
    if (group !== undefined) this.#noteLearners(group, change.role === Role.Leader);
  }

  #confChangeApplied(change: AppliedConfChange): void {
    const group = this.#groups.get(change.group);
    if (group !== undefined) this.#noteLearners(group, group.isLeader);
  }

  #noteLearners(group: Group, leads: boolean): void {
    if (leads && group.confState.learners.length > 0) this.#withLearners.add(group);
    else this.#withLearners.delete(group);
  }

  #stopped(id: number): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#withLearners.delete(group);
    this.#ticking.delete(group);
  }
}
