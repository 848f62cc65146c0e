import { TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedGroup } from '../observation/observed-group.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * What was committed in a term is in the log, or in the snapshot, of every leader of every later term (Raft paper, figure 3, Leader
 * Completeness), of those that lead already too.
 *
 * After an election the last entry that was committed in an earlier term is looked at: by log matching the rest follows; a full check looks
 * at all of them.
 */
export class LeaderCompleteness implements Invariant {
  readonly name = 'leader-completeness';
  readonly hears: readonly TraceKind[] = [TraceKind.RoleChanged, TraceKind.CommitAdvanced];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject?.isLeader !== true) return;
    const { group, term, commit } = subject;
    if (observation.event.kind === TraceKind.RoleChanged) {
      const { committed } = group;
      let index = committed.lastIndex;
      while (index > 0 && committed.saidIn(index) >= term) index--;
      this.#check(subject, index);
      return;
    }
    for (const other of group.replicas.values()) {
      if (other.isLeader && other.term > term) this.#check(other, commit);
    }
  }

  check(cluster: ObservedCluster): void {
    for (const group of cluster.groups.values()) {
      const leader = newestLeader(group);
      if (leader === undefined) continue;
      const { committed } = group;
      for (let index = leader.log.firstIndex; index <= committed.lastIndex; index++) {
        if (committed.saidIn(index) < leader.term) this.#check(leader, index);
      }
    }
  }

  #check(leader: ObservedReplica, index: number): void {
    const { log, group } = leader;
    const term = group.committed.termAt(index);
    if (index <= log.baseIndex || term < 0 || log.termAt(index) === term) return;
    const own = log.termAt(index);
    const held = own < 0 ? `its log ends at ${log.lastIndex}` : `it has one of term ${own} there`;
    violated(this.name, `${leader.toString()} lacks the committed entry ${index} of term ${term}: ${held}`);
  }
}

/** The replica that leads in the highest term. */
export function newestLeader(group: ObservedGroup): ObservedReplica | undefined {
  let newest: ObservedReplica | undefined;
  for (const replica of group.replicas.values()) {
    if (replica.isLeader && replica.term > (newest?.term ?? -1)) newest = replica;
  }
  return newest;
}
