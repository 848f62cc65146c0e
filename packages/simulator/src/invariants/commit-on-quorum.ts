import { TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { halvesOf, holdersOf, list } from './election-safety.js';
import { type Invariant, violated } from './invariant.js';

/**
 * An index is committed by a leader, once an entry of that leader's own term is there (Raft paper, section 5.4.2: never an entry of an earlier
 * term by counting replicas, as in figure 8), and durable on a majority of its configuration, of both halves in a joint one. Counted from what
 * disks were seen to hold. Everybody else may only follow: no other replica says that more is committed than a leader said before.
 */
export class CommitOnQuorum implements Invariant {
  readonly name = 'commit-on-quorum';
  readonly hears: readonly TraceKind[] = [
    TraceKind.CommitAdvanced,
    TraceKind.SnapshotRestoreStarted,
    TraceKind.NodeStarted,
  ];
  /** By group: the highest index that a leader committed. */
  readonly #byLeaders = new Map<number, number>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject === undefined) return;
    const { group, commit } = subject;
    const committed = this.#byLeaders.get(group.id) ?? 0;
    if (commit <= committed) return;
    if (observation.event.kind === TraceKind.CommitAdvanced && subject.isLeader) {
      this.#checkLeader(subject);
    } else if (commit > group.foundingEntries) {
      violated(
        this.name,
        `${subject.toString()} holds all up to ${commit} to be committed, and no leader committed more than ${committed}`,
      );
    }
    this.#byLeaders.set(group.id, commit);
  }

  #checkLeader(leader: ObservedReplica): void {
    const { group, commit, term, log, configuration } = leader;
    const entryTerm = log.termAt(commit);
    if (entryTerm !== term) {
      violated(
        this.name,
        `${leader.toString()} commits up to ${commit}, where its log has an entry of term ${entryTerm}`,
      );
    }
    for (const half of halvesOf(configuration)) {
      const holders = holdersOf(group, half, commit, term);
      if (holders.length * 2 > half.length) continue;
      const durable = `only ${list(holders)} of ${list(half)} hold it durably`;
      violated(this.name, `${leader.toString()} commits entry ${commit}, and ${durable}`);
    }
  }
}
