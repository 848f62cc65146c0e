import { utf8Encode } from '@flotilla/bytes';
import type { GroupLoad, NodeStatus } from '@flotilla/cluster';
import {
  type ConfState,
  createMessage,
  EMPTY_CONFIGURATION,
  type Entry,
  EntryType,
  type HardState,
  type Message,
  MessageType,
  Role,
  type TraceEvent,
  TraceKind,
} from '@flotilla/raft-core';
import type { GroupWrite, LogBatch, RecoveredGroup } from '@flotilla/storage';
import type { NodeEnd, Observation, ReplicaId } from '../../observation/observation.js';
import { ObservedCluster } from '../../observation/observed-cluster.js';
import type { ObservedReplica } from '../../observation/observed-replica.js';
import type { Invariant } from '../invariant.js';
import { InvariantSet } from '../invariant-set.js';

/** The group that all of a synthetic cluster is about. */
export const GROUP = 1;

/** A configuration of voters and learners. */
export function conf(voters: readonly number[], more: Partial<ConfState> = {}): ConfState {
  return { ...EMPTY_CONFIGURATION, voters, ...more };
}

/** An entry with a command, or, with an empty text, the one that a leader begins with. */
export function entry(term: number, index: number, text: string = `${index}`): Entry {
  return { term, index, type: EntryType.Normal, data: utf8Encode(text) };
}

/** An entry that holds a change of membership. */
export function change(term: number, index: number): Entry {
  return { term, index, type: EntryType.ConfChangeV2, data: utf8Encode('change') };
}

/** A trace event without the id of its node. */
export type EventWithoutId<E extends TraceEvent = TraceEvent> = E extends TraceEvent ? Omit<E, 'id'> : never;

/**
 * Observations of three or more nodes of one group, written by hand: what a node says is under the control of a test, step by step, and
 * given to invariants as a run would. Machine `n3` holds node 3, unless it was wiped.
 */
export class SyntheticCluster {
  readonly observed: ObservedCluster = new ObservedCluster();
  readonly voters: readonly number[];
  readonly #set: InvariantSet;
  readonly #lives = new Map<number, number>();

  constructor(invariants: Invariant | readonly Invariant[], voters: readonly number[] = [1, 2, 3]) {
    const all: readonly Invariant[] = 'name' in invariants ? [invariants] : invariants;
    this.#set = new InvariantSet(all, this.observed);
    this.voters = voters;
  }

  /** All nodes run, know one another as voters, and have nothing in their logs. */
  opened(): this {
    for (const node of this.voters) this.starts(node).opens(node);
    return this;
  }

  id(node: number): ReplicaId {
    return { node: `n${node}`, life: this.#lives.get(node) ?? 1, nodeId: node, group: GROUP };
  }

  /** The replica of a node as it is observed. */
  replica(node: number): ObservedReplica {
    const replica = this.observed.groups.get(GROUP)?.replicas.get(`n${node}`);
    if (replica === undefined) throw new Error(`node ${node} holds no replica`);
    return replica;
  }

  observe(observation: Observation): this {
    this.#set.observe(observation);
    return this;
  }

  /** All full checks. */
  check(): this {
    this.#set.check();
    return this;
  }

  /** What must hold at rest; all machines that were seen are of the core, unless said otherwise. */
  settled(core: readonly string[] = [...this.observed.machines.keys()]): this {
    this.#set.settled(core);
    return this;
  }

  // Lives

  /** A process starts over an empty disk, or over what is told. */
  starts(node: number, found: readonly Omit<RecoveredGroup, 'group'>[] = []): this {
    const life = (this.#lives.get(node) ?? 0) + 1;
    this.#lives.set(node, life);
    this.observe({ kind: 'node-started', node: `n${node}`, life });
    const groups = found.map((each) => ({ ...each, group: GROUP }));
    return this.observe({ kind: 'recovered', node: `n${node}`, life, groups });
  }

  ends(node: number, how: NodeEnd = 'killed'): this {
    return this.observe({ kind: 'node-ended', node: `n${node}`, life: this.#lives.get(node) ?? 0, how });
  }

  /** A restart that finds all that was durable. */
  restarts(node: number, configuration: ConfState = conf(this.voters)): this {
    const image = this.observed.machines.get(`n${node}`)?.disk.get(GROUP);
    if (image === undefined || !image.isWritten) return this.ends(node).starts(node).opens(node, { configuration });
    const { hardState, snapshotMark, log } = image;
    const entries = [...log.entries];
    this.ends(node).starts(node, [{ hardState, snapshotMark, entries }]);
    return this.opens(node, {
      ...hardState,
      applied: snapshotMark?.index ?? 0,
      lastIndex: log.lastIndex,
      firstIndex: log.firstIndex,
      configuration: snapshotMark?.confState ?? configuration,
    });
  }

  /** A replica is opened, with what its core says that it begins with. */
  opens(
    node: number,
    from: Partial<
      HardState & {
        readonly applied: number;
        readonly lastIndex: number;
        readonly firstIndex: number;
        readonly configuration: ConfState;
      }
    > = {},
  ): this {
    const { term = 0, vote = 0, commit = 0, applied = 0, lastIndex = 0, firstIndex = 1 } = from;
    const configuration = from.configuration ?? conf(this.voters);
    this.traces(node, { kind: TraceKind.ConfigurationSwitched, configuration });
    this.role(node, Role.Follower, term, { vote });
    const peers = configuration.voters;
    const started = { term, vote, commit, applied, lastIndex, firstIndex, lastTerm: 0, peers };
    this.traces(node, { kind: TraceKind.NodeStarted, ...started });
    return this.observe({ kind: 'group-opened', replica: this.id(node) });
  }

  // The core

  traces(node: number, event: EventWithoutId): this {
    return this.observe({ kind: 'trace', replica: this.id(node), event: { ...event, id: node } });
  }

  role(node: number, role: Role, term: number, more: { vote?: number; leader?: number } = {}): this {
    const { vote = 0, leader = 0 } = more;
    return this.traces(node, { kind: TraceKind.RoleChanged, role, term, vote, leader });
  }

  /** Entries enter the log of a node's core. */
  takes(node: number, ...entries: readonly Entry[]): this {
    const firstIndex = entries[0]?.index ?? 0;
    const lastIndex = entries[entries.length - 1]?.index ?? 0;
    return this.traces(node, { kind: TraceKind.EntriesAppended, firstIndex, lastIndex, entries });
  }

  receives(node: number, message: Partial<Message> & Pick<Message, 'type' | 'from'>): this {
    return this.traces(node, { kind: TraceKind.MessageReceived, message: createMessage({ to: node, ...message }) });
  }

  /** A follower is sent entries by a leader, and takes them. */
  hearsAppend(node: number, leader: number, entries: readonly Entry[]): this {
    const { term } = this.replica(leader);
    const index = (entries[0]?.index ?? 1) - 1;
    return this.receives(node, { type: MessageType.App, from: leader, term, index, entries }).takes(node, ...entries);
  }

  commits(node: number, commit: number): this {
    return this.traces(node, { kind: TraceKind.CommitAdvanced, commit });
  }

  leaves(node: number, message: Partial<Message> & Pick<Message, 'type' | 'to'>): this {
    const whole = createMessage({ from: node, ...message });
    return this.observe({ kind: 'message-leaves', replica: this.id(node), message: whole });
  }

  sends(node: number, message: Partial<Message> & Pick<Message, 'type' | 'to'>): this {
    return this.traces(node, { kind: TraceKind.MessageSent, message: createMessage({ from: node, ...message }) });
  }

  // The disk

  /** A write is handed to the log; the batch that it is can be made durable. */
  hands(node: number, write: Omit<GroupWrite, 'group'>): LogBatch {
    const batch = [{ ...write, group: GROUP }];
    this.observe({ kind: 'append', node: `n${node}`, life: this.#lives.get(node) ?? 1, batch });
    return batch;
  }

  lands(node: number, batch: LogBatch): this {
    return this.observe({ kind: 'durable', node: `n${node}`, life: this.#lives.get(node) ?? 1, batch });
  }

  /** A write is handed over, and is durable at once. */
  writes(node: number, write: Omit<GroupWrite, 'group'>): this {
    return this.lands(node, this.hands(node, write));
  }

  // Whole steps of Raft, as they should be

  /** A node is elected by itself and by others, and appends its first entry. */
  elects(node: number, term: number, by: readonly number[] = this.voters.filter((id) => id !== node)): this {
    this.role(node, Role.Candidate, term, { vote: node });
    const { commit } = this.replica(node);
    this.writes(node, { hardState: { term, vote: node, commit } });
    for (const voter of by) {
      this.leaves(node, { type: MessageType.Vote, to: voter, term });
      this.role(voter, Role.Follower, term);
      const judged = { type: MessageType.Vote, from: node, lastTerm: 0, lastIndex: 0, vote: 0, term };
      const { log } = this.replica(node);
      const candidate = { candidateTerm: log.termAt(log.lastIndex), candidateIndex: log.lastIndex };
      this.traces(voter, { kind: TraceKind.VoteCast, ...judged, ...candidate });
      this.writes(voter, { hardState: { term, vote: node, commit: this.replica(voter).commit } });
      this.leaves(voter, { type: MessageType.VoteResp, to: node, term });
    }
    this.takes(node, entry(term, this.replica(node).log.lastIndex + 1, ''));
    return this.role(node, Role.Leader, term, { vote: node, leader: node });
  }

  /** A leader proposes a command. */
  proposes(leader: number, text?: string): Entry {
    const { term, log } = this.replica(leader);
    const proposed = entry(term, log.lastIndex + 1, text);
    this.takes(leader, proposed);
    return proposed;
  }

  /** What a leader's log has is durable on itself and on others, which acknowledge it. */
  replicates(leader: number, to: readonly number[] = this.voters.filter((id) => id !== leader)): this {
    const { term, log } = this.replica(leader);
    for (const node of [leader, ...to]) {
      const { log: own, term: ownTerm, vote, commit } = this.replica(node);
      let from = Math.max(own.firstIndex, log.firstIndex);
      while (from <= log.lastIndex && own.termAt(from) === log.termAt(from)) from++;
      if (ownTerm < term) this.role(node, Role.Follower, term, { leader });
      const entries = log.entries.slice(from - log.firstIndex);
      if (node !== leader && entries.length > 0) this.hearsAppend(node, leader, entries);
      const disk = this.replica(node).machine.disk.get(GROUP)?.log;
      const unwritten = log.entries.filter(({ index }) => index > (disk?.baseIndex ?? 0) && disk?.termAt(index) !== log.termAt(index));
      const hardState = { term, vote: ownTerm < term ? 0 : vote, commit };
      this.writes(node, unwritten.length > 0 ? { hardState, entries: unwritten } : { hardState });
      if (node !== leader) this.leaves(node, { type: MessageType.AppResp, to: leader, term, index: log.lastIndex });
    }
    return this;
  }

  /** A leader and others learn that all of the leader's log is committed, and apply it. */
  commitsAll(leader: number, others: readonly number[] = this.voters.filter((id) => id !== leader)): this {
    const { log, term } = this.replica(leader);
    const { lastIndex } = log;
    for (const node of [leader, ...others]) {
      if (this.replica(node).commit >= lastIndex) continue;
      if (node !== leader) this.receives(node, { type: MessageType.Heartbeat, from: leader, term, commit: lastIndex });
      this.commits(node, lastIndex).applies(node, lastIndex);
    }
    return this;
  }

  /** A replica applies what is committed, up to an index, and shows it. */
  applies(node: number, to: number, results: (command: Entry) => string = ({ index }) => `result ${index}`): this {
    const { log, watermark, machineIndex } = this.replica(node);
    const commands = log.entries.filter(
      ({ index, data, type }) => index > Math.max(watermark, machineIndex) && index <= to && data.length > 0 && type === EntryType.Normal,
    );
    if (commands.length > 0) {
      const replica = this.id(node);
      this.observe({ kind: 'applied', replica, commands, results: commands.map((each) => utf8Encode(results(each))) });
    }
    this.observe({ kind: 'watermark', replica: this.id(node), index: to });
    return this.traces(node, { kind: TraceKind.AppliedAdvanced, applied: to });
  }

  /** A replica applies a change of membership. */
  reconfigures(node: number, index: number, before: ConfState, after: ConfState): this {
    this.traces(node, { kind: TraceKind.ConfigurationSwitched, configuration: after });
    const replica = this.id(node);
    const context = new Uint8Array(0);
    const applied = { group: GROUP, index, type: EntryType.ConfChangeV2, targets: [], context, before, after };
    this.observe({ kind: 'watermark', replica, index });
    return this.observe({ kind: 'conf-change', replica, change: applied });
  }

  /** A replica takes a snapshot, and drops its log up to `compactTo`. */
  snapshots(node: number, index: number, compactTo: number = index, confState: ConfState = conf(this.voters)): this {
    const term = this.replica(node).log.termAt(index);
    return this.writes(node, { snapshotMark: { index, term, confState }, compactTo });
  }

  /** A replica takes in the newest snapshot of another. */
  installs(node: number, from: number): this {
    const mark = this.replica(from).machine.disk.get(GROUP)?.snapshotMark;
    if (mark === undefined) throw new Error(`node ${from} has no snapshot`);
    const { index, term, confState } = mark;
    const snapshot = { ...mark, data: new Uint8Array(0) };
    this.receives(node, { type: MessageType.Snap, from, term: this.replica(node).term, snapshot });
    const before = { commit: 0, applied: 0, applying: 0, unstableOffset: 1, unstableOffsetInProgress: 1, unstableCount: 0 };
    this.traces(node, { kind: TraceKind.SnapshotRestoreStarted, ...before, snapshotIndex: index, snapshotTerm: term });
    this.traces(node, { kind: TraceKind.ConfigurationSwitched, configuration: confState });
    const { term: own, vote } = this.replica(node);
    this.writes(node, { snapshotMark: mark, resetLog: true, hardState: { term: own, vote, commit: index } });
    this.observe({ kind: 'restored', replica: this.id(node) });
    this.observe({ kind: 'watermark', replica: this.id(node), index });
    return this.traces(node, { kind: TraceKind.AppliedAdvanced, applied: index });
  }

  /** A node says something of itself. */
  polls(node: number, status: Partial<NodeStatus>, load?: Partial<GroupLoad>): this {
    return this.observe({
      kind: 'polled',
      node: `n${node}`,
      life: this.#lives.get(node) ?? 1,
      figures: {
        status: { ...STATUS, id: node, ...status },
        loads: load === undefined ? [] : [{ ...IDLE, ...load }],
      },
    });
  }
}

const IDLE: GroupLoad = { group: GROUP, proposals: 0, reads: 0, confChanges: 0, logEntries: 0, logBytes: 0 };

const STATUS: NodeStatus = {
  id: 1,
  name: '',
  incarnation: '0'.repeat(16),
  clusterId: '0'.repeat(32),
  addresses: [],
  lifecycle: 'ready',
  lifecycleDetail: '',
  epoch: 1,
  hostEpoch: 1,
  metadataIndex: 1,
  topologyVersion: 1,
  routingVersion: 1,
  replicationFactor: 3,
  groups: [],
  peers: [],
};
