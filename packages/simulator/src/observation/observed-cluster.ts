import { type Entry, EntryType, MessageType, type TraceEvent, TraceKind } from '@flotilla/raft-core';
import type { GroupWrite, LogBatch } from '@flotilla/storage';
import { DiskImage } from './disk-image.js';
import { ObservedGroup } from './observed-group.js';
import { ObservedMachine } from './observed-machine.js';
import { ObservedReplica } from './observed-replica.js';
import type { Observation, ObservationOf, ReplicaId } from './observation.js';

/**
 * A cluster as it can be told from observations alone: every replica's term, vote, role, log, commit and applied index, every disk's
 * durable content, and what all of them together committed. It trusts nobody: what it holds of the past is never taken back by what a
 * replica says later, so that invariants can compare.
 */
export class ObservedCluster {
  /** All machines by name, in the order in which they were first seen. */
  readonly machines: Map<string, ObservedMachine> = new Map();
  /** All groups by id, in the order in which they were first seen. */
  readonly groups: Map<number, ObservedGroup> = new Map();
  /** How many observations there were. */
  observations = 0;
  /** The replica that the present observation concerns, if it concerns one. */
  subject: ObservedReplica | undefined = undefined;
  /** The machine that it concerns. */
  machine: ObservedMachine | undefined = undefined;

  /** Takes in what happened. */
  observe(observation: Observation): void {
    this.observations++;
    this.subject = undefined;
    this.machine = undefined;
    switch (observation.kind) {
      case 'trace':
        return this.#traced(observation.replica, observation.event);
      case 'message-leaves':
      case 'state':
      case 'group-opened':
        this.#subject(observation.replica);
        return;
      case 'conf-change':
        return this.#reconfigured(observation);
      case 'applied':
        return this.#applied(observation);
      case 'restored':
        return this.#restored(observation.replica);
      case 'watermark':
        return this.#visible(observation);
      case 'group-dropped':
        return this.#dropped(observation.replica);
      case 'group-stopped':
        this.#subject(observation.replica).stopped = observation.error;
        return;
      case 'append':
        return this.#handedOver(observation);
      case 'durable':
        return this.#durable(observation);
      case 'recovered':
        return this.#recovered(observation);
      case 'node-started':
        return this.#started(observation);
      case 'node-ended':
        return this.#ended(observation);
      case 'polled':
        this.#machine(observation.node).figures = observation.figures;
        return;
      case 'cluster-event':
        this.#machine(observation.node);
        return;
      case 'acknowledged':
    }
  }

  /** The machine of that name, which comes to be known if it was not. */
  #machine(name: string): ObservedMachine {
    let machine = this.machines.get(name);
    if (machine === undefined) this.machines.set(name, (machine = new ObservedMachine(name)));
    this.machine = machine;
    return machine;
  }

  #group(id: number): ObservedGroup {
    let group = this.groups.get(id);
    if (group === undefined) this.groups.set(id, (group = new ObservedGroup(id)));
    return group;
  }

  #subject({ node, life, nodeId, group: id }: ReplicaId): ObservedReplica {
    const machine = this.#machine(node);
    let replica = machine.replicas.get(id);
    if (replica === undefined) {
      const group = this.#group(id);
      replica = new ObservedReplica(machine, group, life, nodeId);
      machine.replicas.set(id, replica);
      group.replicas.set(node, replica);
    }
    this.subject = replica;
    return replica;
  }

  // The core

  #traced(id: ReplicaId, event: TraceEvent): void {
    const replica = this.#subject(id);
    switch (event.kind) {
      case TraceKind.RoleChanged:
        replica.previousTerm = replica.term;
        replica.previousVote = replica.vote;
        replica.term = event.term;
        replica.vote = event.vote;
        replica.role = event.role;
        replica.leader = event.leader;
        return;
      case TraceKind.VoteCast:
        replica.previousTerm = replica.term;
        replica.previousVote = replica.vote;
        if (event.type === MessageType.Vote) replica.vote = event.from;
        return;
      case TraceKind.LeaderForgotten:
        replica.leader = 0;
        return;
      case TraceKind.ConfigurationSwitched:
        replica.configuration = event.configuration;
        return;
      case TraceKind.EntriesAppended:
        replica.previousLastIndex = replica.log.lastIndex;
        noteFounding(replica, event.entries);
        replica.log.append(event.entries);
        register(replica, event.entries);
        return;
      case TraceKind.CommitAdvanced:
        return this.#committed(replica, event.commit);
      case TraceKind.AppliedAdvanced:
        replica.previousApplied = replica.applied;
        replica.applied = event.applied;
        return;
      case TraceKind.SnapshotRestoreStarted:
        replica.previousLastIndex = replica.log.lastIndex;
        replica.log.reset(event.snapshotIndex, event.snapshotTerm);
        replica.snapshotIndex = event.snapshotIndex;
        replica.isRestoring = true;
        return this.#committed(replica, event.snapshotIndex);
      case TraceKind.NodeStarted:
        return this.#begins(replica, event);
      default:
    }
  }

  /** A core begins with what its disk holds; how far it agrees is for an invariant to say. */
  #begins(replica: ObservedReplica, event: Extract<TraceEvent, { kind: typeof TraceKind.NodeStarted }>): void {
    const { machine, group } = replica;
    replica.nodeId = event.id;
    replica.isStarted = true;
    machine.nodeId = event.id;
    const image = this.#imageOf(machine, group.id);
    this.#belongs(machine, image);
    if (event.lastIndex > 0) replica.log.copy(image.log);
    replica.log.compact(Math.min(event.firstIndex - 1, replica.log.lastIndex));
    register(replica, replica.log.entries);
    replica.snapshotIndex = event.lastIndex > 0 ? (image.snapshotMark?.index ?? 0) : 0;
    replica.previousLastIndex = replica.log.lastIndex;
    replica.term = event.term;
    replica.vote = event.vote;
    replica.applied = event.applied;
    replica.watermark = event.applied;
    replica.previousWatermark = event.applied;
    replica.machineIndex = event.applied;
    replica.commit = 0;
    this.#committed(replica, event.commit);
    replica.previousCommit = event.commit;
  }

  /** What the first replica says to be committed is taken down; what later ones say is compared with it by an invariant. */
  #committed(replica: ObservedReplica, commit: number): void {
    const { committed } = replica.group;
    replica.previousCommit = replica.commit;
    replica.commit = commit;
    for (let index = committed.lastIndex + 1; index <= commit; index++) {
      committed.extend(replica.log.termAt(index), replica.term);
    }
    for (let index = replica.previousCommit + 1; index <= commit; index++) {
      committed.learn(index, replica.log.termAt(index));
    }
  }

  // The state machine

  #applied({ replica: id, commands }: ObservationOf<'applied'>): void {
    const replica = this.#subject(id);
    const last = commands[commands.length - 1];
    replica.previousMachineIndex = replica.machineIndex;
    if (last !== undefined) replica.machineIndex = last.index;
  }

  /** At a start this comes before the core says from where on it goes on, and then once more with that. */
  #restored(id: ReplicaId): void {
    const replica = this.#subject(id);
    replica.previousMachineIndex = replica.machineIndex;
    replica.machineIndex = replica.snapshotIndex;
    replica.isRestoring = false;
  }

  #visible({ replica: id, index }: ObservationOf<'watermark'>): void {
    const replica = this.#subject(id);
    replica.previousWatermark = replica.watermark;
    replica.watermark = index;
  }

  #reconfigured({ replica: id, change }: ObservationOf<'conf-change'>): void {
    const { group } = this.#subject(id);
    if (change.index >= group.foundingEntries) {
      group.configurations.add({ index: change.index, configuration: change.after });
    }
  }

  #dropped(id: ReplicaId): void {
    const replica = this.#subject(id);
    replica.machine.replicas.delete(id.group);
    if (replica.group.replicas.get(id.node) === replica) replica.group.replicas.delete(id.node);
  }

  // The disk

  #imageOf(machine: ObservedMachine, group: number): DiskImage {
    let image = machine.disk.get(group);
    if (image === undefined) {
      machine.disk.set(group, (image = new DiskImage(group)));
      this.#belongs(machine, image);
    }
    return image;
  }

  /** The image is that of the machine's node, in place of any that it had before. */
  #belongs({ nodeId }: ObservedMachine, image: DiskImage): void {
    if (nodeId === 0) return;
    const { disks } = this.#group(image.group);
    const former = disks.get(nodeId);
    if (former === image) return;
    image.former = former?.isGone === true ? former : undefined;
    disks.set(nodeId, image);
  }

  #handedOver({ node, batch }: ObservationOf<'append' | 'durable'>): void {
    const machine = this.#machine(node);
    // One that found no room is handed over again.
    if (machine.inFlight.includes(batch)) machine.inFlight = machine.inFlight.filter((other) => other !== batch);
    machine.inFlight.push(batch);
    for (const write of batch) {
      const replica = machine.replicas.get(write.group);
      if (replica === undefined) continue;
      if (write.snapshotMark !== undefined) {
        replica.snapshotIndex = Math.max(replica.snapshotIndex, write.snapshotMark.index);
      }
      if (write.compactTo !== undefined) replica.log.compact(Math.min(write.compactTo, replica.log.lastIndex));
    }
  }

  #durable({ node, batch }: ObservationOf<'append' | 'durable'>): void {
    const machine = this.#machine(node);
    // Writes take effect first in, first out: one that is durable makes all before it so.
    const at = machine.inFlight.indexOf(batch);
    const done: readonly LogBatch[] = at < 0 ? [batch] : machine.inFlight.splice(0, at + 1);
    for (const each of done) for (const write of each) this.#written(machine, write);
  }

  #written(machine: ObservedMachine, write: GroupWrite): void {
    if (write.removed === true) {
      const lost = machine.disk.get(write.group);
      if (lost !== undefined) lost.isGone = true;
      machine.disk.delete(write.group);
      const { removed: _removed, group: _group, ...rest } = write;
      if (Object.keys(rest).length === 0) return;
    }
    this.#imageOf(machine, write.group).apply(write);
  }

  #recovered({ node, groups }: ObservationOf<'recovered'>): void {
    const machine = this.#machine(node);
    machine.diskBefore = new Map(machine.disk);
    machine.inFlightBefore = machine.inFlight;
    machine.inFlight = [];
    machine.disk.clear();
    for (const group of groups) {
      const image = new DiskImage(group.group);
      image.recovered(group);
      machine.disk.set(group.group, image);
      this.#belongs(machine, image);
    }
    for (const [group, image] of machine.diskBefore) image.isGone = !machine.disk.has(group);
  }

  // The process

  #started({ node, life }: ObservationOf<'node-started'>): void {
    const machine = this.#machine(node);
    this.#closeAll(machine);
    machine.life = life;
    machine.isUp = true;
    machine.figures = undefined;
  }

  #ended({ node, how }: ObservationOf<'node-ended'>): void {
    const machine = this.#machine(node);
    this.#closeAll(machine);
    machine.isUp = false;
    machine.ended = how;
    machine.figures = undefined;
    if (how !== 'wiped') return;
    for (const image of machine.disk.values()) image.isGone = true;
    machine.disk.clear();
    machine.inFlight = [];
    machine.nodeId = 0;
  }

  #closeAll(machine: ObservedMachine): void {
    for (const replica of machine.replicas.values()) {
      if (replica.group.replicas.get(machine.name) === replica) replica.group.replicas.delete(machine.name);
    }
    machine.replicas.clear();
  }
}

/** What was first seen at an index and term is what whatever is seen there later is compared with. */
function register({ group, log }: ObservedReplica, entries: readonly Entry[]): void {
  for (let at = 0; at < entries.length; at++) {
    const entry = entries[at] as Entry;
    group.entries.register(entry, log.termAt(entry.index - 1));
  }
}

function noteFounding({ group, log, term }: ObservedReplica, entries: readonly Entry[]): void {
  if (entries[0]?.index !== 1 || log.lastIndex > 0 || term !== 1) return;
  let founding = 0;
  while (entries[founding]?.type === EntryType.ConfChange && entries[founding]?.term === 1) founding++;
  if (founding === entries.length) group.foundingEntries = founding;
}
