import { type HardState, MessageType } from '@flotilla/raft-core';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedMachine } from '../observation/observed-machine.js';
import { type Invariant, violated } from './invariant.js';
import { text } from './monotonic-term-and-vote.js';

/** What a node said of one group. */
interface Promised {
  /** The latest term of which it gave its vote away, and to whom. */
  term: number;
  candidate: number;
  /** The latest term in which it acknowledged entries. */
  acknowledgedIn: number;
}

/**
 * What a restart finds is not below what the node ever promised on the wire: not in an earlier term, and in the same term with the same vote.
 * A machine that was wiped is another node; a replica that was dropped promised nothing as the replica that takes its place.
 */
export class RestartKeepsPromises implements Invariant {
  readonly name = 'restart-keeps-promises';
  readonly hears: readonly ObservationKind[] = ['message-leaves', 'recovered', 'group-dropped', 'node-ended'];
  /** By name of the machine and group. */
  readonly #promises = new Map<string, Map<number, Promised>>();

  observe(observation: Observation, { subject, machine }: ObservedCluster): void {
    switch (observation.kind) {
      case 'message-leaves': {
        if (subject === undefined) return;
        const { type, reject, term, to, from, index } = observation.message;
        if (reject) return;
        if (type === MessageType.AppResp && index > 0) {
          this.#promised(subject.machine.name, subject.group.id).acknowledgedIn = term;
        } else if (type === MessageType.VoteResp || type === MessageType.Vote) {
          const promised = this.#promised(subject.machine.name, subject.group.id);
          promised.term = term;
          promised.candidate = type === MessageType.Vote ? from : to;
        }
        return;
      }
      case 'recovered':
        if (machine === undefined) return;
        for (const { group, hardState } of observation.groups) this.#check(machine, group, hardState);
        return;
      case 'group-dropped':
        this.#promises.get(observation.replica.node)?.delete(observation.replica.group);
        return;
      case 'node-ended':
        if (observation.how === 'wiped') this.#promises.delete(observation.node);
        return;
      default:
    }
  }

  #promised(machine: string, group: number): Promised {
    let groups = this.#promises.get(machine);
    if (groups === undefined) this.#promises.set(machine, (groups = new Map()));
    let promised = groups.get(group);
    if (promised === undefined) groups.set(group, (promised = { term: 0, candidate: 0, acknowledgedIn: 0 }));
    return promised;
  }

  #check({ name, life }: ObservedMachine, group: number, hardState: HardState): void {
    const promised = this.#promises.get(name)?.get(group);
    if (promised === undefined) return;
    const { term, candidate, acknowledgedIn } = promised;
    const found = `life ${life} of ${name} finds ${text(hardState)} of group ${group}`;
    if (hardState.term < Math.max(term, acknowledgedIn)) {
      violated(this.name, `${found}, and the node took part in term ${Math.max(term, acknowledgedIn)}`);
    }
    if (hardState.term === term && hardState.vote !== candidate) {
      violated(this.name, `${found}, and the node voted for ${candidate} in that term`);
    }
  }
}
