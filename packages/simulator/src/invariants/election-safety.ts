import { type ConfState, Role, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedGroup } from '../observation/observed-group.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * At most one leader is elected in a term of a group (Raft paper, figure 3, Election Safety), and it is elected once: a process that died
 * and came back leads in a later term or not at all, for what it appended before is forgotten. Whoever leads has the durable votes of a
 * majority of its configuration, of both halves in a joint one.
 */
export class ElectionSafety implements Invariant {
  readonly name = 'election-safety';
  readonly hears: readonly TraceKind[] = [TraceKind.RoleChanged];
  readonly #leaders = new Map<number, Map<number, string>>();

  observe(_observation: Observation, { subject }: ObservedCluster): void {
    if (subject === undefined || subject.role !== Role.Leader) return;
    const leaders = this.#leadersOf(subject.group.id);
    const other = leaders.get(subject.term);
    if (other !== undefined) violated(this.name, `${subject.toString()} was elected, and before it ${other}`);
    leaders.set(subject.term, place(subject));
    this.#checkVotes(subject);
  }

  #leadersOf(group: number): Map<number, string> {
    let leaders = this.#leaders.get(group);
    if (leaders === undefined) this.#leaders.set(group, (leaders = new Map()));
    return leaders;
  }

  #checkVotes(leader: ObservedReplica): void {
    const { configuration, term, nodeId, group } = leader;
    for (const half of halvesOf(configuration)) {
      const votes = half.filter((id) => group.disks.get(id)?.mayHaveVoted(term, nodeId) ?? false);
      if (votes.length * 2 > half.length) continue;
      const text = `${leader.toString()} was elected, and only ${list(votes)} of ${list(half)} have voted for it durably`;
      violated(this.name, text);
    }
  }
}

/** The sets of voters of which each must agree: one, or the two of a joint configuration. */
export function halvesOf({ voters, votersOutgoing }: ConfState): readonly (readonly number[])[] {
  return votersOutgoing.length === 0 ? [voters] : [voters, votersOutgoing];
}

/** The voters of a half on which an entry is durable, by what disks were seen to hold. */
export function holdersOf(group: ObservedGroup, half: readonly number[], index: number, term: number): number[] {
  return half.filter((id) => group.disks.get(id)?.holds(index, term) ?? false);
}

/** Ids as text: `none`, or `1 2 3`. */
export function list(ids: readonly number[]): string {
  return ids.length === 0 ? 'none' : ids.join(' ');
}

function place({ machine, nodeId, life }: ObservedReplica): string {
  return `that on ${machine.name} (node ${nodeId}, life ${life})`;
}
