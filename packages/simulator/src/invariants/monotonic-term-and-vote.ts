import { type HardState, MessageType, Role, TraceKind } from '@flotilla/raft-core';
import type { GroupWrite } from '@flotilla/storage';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * The term of a replica never falls, and within a term its vote, once given, stays (Raft paper, figure 2): in memory through a life, and on
 * the disk through all of them. Asking for pre-votes moves neither (thesis, section 9.6).
 */
export class MonotonicTermAndVote implements Invariant {
  readonly name = 'monotonic-term-and-vote';
  readonly hears: readonly (TraceKind | ObservationKind)[] = [
    TraceKind.RoleChanged,
    TraceKind.VoteCast,
    'append',
    'recovered',
  ];
  /** What was last given to the disk of a machine, by group. */
  readonly #written = new Map<string, Map<number, HardState>>();

  observe(observation: Observation, { subject, machine }: ObservedCluster): void {
    switch (observation.kind) {
      case 'trace': {
        const { event } = observation;
        if (subject?.isStarted !== true) return;
        if (event.kind === TraceKind.RoleChanged) this.#checkRole(subject);
        else if (event.kind === TraceKind.VoteCast && event.type === MessageType.Vote) this.#checkVote(subject);
        return;
      }
      case 'recovered':
        this.#written.set(
          observation.node,
          new Map(observation.groups.map(({ group, hardState }) => [group, hardState])),
        );
        return;
      case 'append':
        for (const write of observation.batch) this.#checkWrite(machine?.name ?? '', write);
        return;
      default:
    }
  }

  #checkRole(replica: ObservedReplica): void {
    const { term, previousTerm, vote, previousVote, role } = replica;
    if (role === Role.PreCandidate && (term !== previousTerm || vote !== previousVote)) {
      const before = `came from term ${previousTerm} with its vote for ${who(previousVote)}`;
      violated(this.name, `${replica.toString()} only asks whether it would get votes, and ${before}`);
    }
    if (term < previousTerm) violated(this.name, `the term of ${replica.toString()} fell from ${previousTerm}`);
    this.#checkVote(replica);
  }

  #checkVote(replica: ObservedReplica): void {
    const { term, previousTerm, vote, previousVote } = replica;
    if (term === previousTerm && previousVote !== 0 && vote !== previousVote) {
      violated(this.name, `${replica.toString()} had voted for ${previousVote}, and now its vote is ${who(vote)}`);
    }
  }

  #checkWrite(machine: string, { group, hardState, removed }: GroupWrite): void {
    let states = this.#written.get(machine);
    if (states === undefined) this.#written.set(machine, (states = new Map()));
    if (removed === true) states.delete(group);
    if (hardState === undefined) return;
    const before = states.get(group);
    states.set(group, hardState);
    if (before === undefined) return;
    const { term, vote, commit } = hardState;
    const forgets = term === before.term && before.vote !== 0 && vote !== before.vote;
    if (term < before.term || forgets || commit < before.commit) {
      violated(this.name, `what ${machine} writes of group ${group}, ${text(hardState)}, takes back ${text(before)}`);
    }
  }
}

/** A hard state as text. */
export function text({ term, vote, commit }: HardState): string {
  return `term ${term}, vote ${who(vote)}, commit ${commit}`;
}

function who(vote: number): string {
  return vote === 0 ? 'nobody' : String(vote);
}
