import { MessageType } from '@flotilla/raft-core';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A node gives its vote to one candidate a term, itself included when it campaigns, over all its lives (Raft paper, section 5.2): counted
 * where it matters, on the wire.
 */
export class OneVoteATerm implements Invariant {
  readonly name = 'one-vote-a-term';
  readonly hears: readonly ObservationKind[] = ['message-leaves'];
  /** By group and node: the candidate of each term. */
  readonly #votes = new Map<number, Map<number, Map<number, number>>>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'message-leaves' || subject === undefined) return;
    const { type, term, to, from, reject } = observation.message;
    const candidate = type === MessageType.Vote ? from : type === MessageType.VoteResp && !reject ? to : 0;
    if (candidate === 0) return;
    const votes = this.#votesOf(subject.group.id, from);
    const other = votes.get(term);
    if (other !== undefined && other !== candidate) {
      violated(this.name, `${subject.toString()} votes in term ${term} for ${candidate}, and has voted for ${other}`);
    }
    votes.set(term, candidate);
  }

  #votesOf(group: number, node: number): Map<number, number> {
    let nodes = this.#votes.get(group);
    if (nodes === undefined) this.#votes.set(group, (nodes = new Map()));
    let votes = nodes.get(node);
    if (votes === undefined) nodes.set(node, (votes = new Map()));
    return votes;
  }
}
