import { type Message, MessageType, Role, TraceKind } from '@flotilla/raft-core';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A follower changes its log and its commit index only on the word of a leader of its own term, and takes no more to be committed than that
 * word covers: no entry behind those of the append, though its log may have some (Raft paper, figure 2, AppendEntries, rules 1 and 5). What it
 * acknowledges to a leader is what that leader's log has; and a heartbeat names no more committed than its follower has made durable.
 */
export class FollowsTheLeader implements Invariant {
  readonly name = 'follows-the-leader';
  readonly hears: readonly (TraceKind | ObservationKind)[] = [
    TraceKind.MessageReceived,
    TraceKind.EntriesAppended,
    TraceKind.CommitAdvanced,
    TraceKind.SnapshotRestoreStarted,
    TraceKind.MessageSent,
    'message-leaves',
  ];
  /** The message that a replica handles, or handled last. */
  readonly #handled = new WeakMap<ObservedReplica, Message>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (subject?.isStarted !== true) return;
    if (observation.kind === 'message-leaves') {
      const { message } = observation;
      if (message.type === MessageType.AppResp && !message.reject) this.#checkAcknowledged(subject, message);
    } else if (observation.kind === 'trace') {
      const { event } = observation;
      switch (event.kind) {
        case TraceKind.MessageReceived:
          this.#handled.set(subject, event.message);
          return;
        case TraceKind.MessageSent:
          if (event.message.type === MessageType.Heartbeat) this.#checkHeartbeat(subject, event.message);
          return;
        case TraceKind.EntriesAppended:
          return this.#checkWord(subject, 'appended entries', event.lastIndex, [MessageType.App]);
        case TraceKind.CommitAdvanced:
          return this.#checkCommit(subject, event.commit);
        case TraceKind.SnapshotRestoreStarted:
          return this.#checkWord(subject, 'took in a snapshot', event.snapshotIndex, [MessageType.Snap]);
        default:
      }
    }
  }

  #checkWord(replica: ObservedReplica, did: string, index: number, types: readonly MessageType[]): void {
    if (replica.role !== Role.Follower || index <= replica.group.foundingEntries) return;
    const word = this.#handled.get(replica);
    if (word !== undefined && word.term === replica.term && types.includes(word.type)) return;
    const last =
      word === undefined
        ? 'nobody has said anything'
        : `the last word was one of node ${word.from} in term ${word.term}`;
    violated(this.name, `${replica.toString()} ${did} up to ${index}, and ${last}`);
  }

  #checkCommit(replica: ObservedReplica, commit: number): void {
    this.#checkWord(replica, 'took entries to be committed', commit, [
      MessageType.App,
      MessageType.Heartbeat,
      MessageType.Snap,
    ]);
    const word = this.#handled.get(replica);
    if (replica.role !== Role.Follower || word === undefined || commit <= replica.group.foundingEntries) return;
    const covered = coveredBy(word);
    if (commit <= covered) return;
    violated(
      this.name,
      `${replica.toString()} took all up to ${commit} to be committed on a word that covers ${covered}`,
    );
  }

  #checkHeartbeat(leader: ObservedReplica, { to, commit }: Message): void {
    const { group } = leader;
    const committed = group.committed.termAt(commit);
    if (commit === 0 || committed < 0 || group.disks.get(to)?.holds(commit, committed) === true) return;
    violated(
      this.name,
      `${leader.toString()} tells node ${to} that ${commit} is committed, which that does not hold durably`,
    );
  }

  #checkAcknowledged(replica: ObservedReplica, { to, term, index }: Message): void {
    if (replica.term !== term) return;
    for (const leader of replica.group.replicas.values()) {
      if (leader.nodeId !== to || !leader.isLeader || leader.term !== term) continue;
      const own = replica.log.termAt(index);
      const theirs = leader.log.termAt(index);
      if (index > leader.log.lastIndex || (own >= 0 && theirs >= 0 && own !== theirs)) {
        violated(
          this.name,
          `${replica.toString()} acknowledges entry ${index} of term ${own}, which the log of the leader ${to} has not`,
        );
      }
    }
  }
}

/** The highest index that a message says to be committed of what it shows its receiver to have. */
function coveredBy({ type, index, entries, commit, snapshot }: Message): number {
  switch (type) {
    case MessageType.App:
      return Math.min(commit, index + entries.length);
    case MessageType.Heartbeat:
      return commit;
    default:
      return snapshot?.index ?? 0;
  }
}
