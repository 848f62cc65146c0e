import { MessageType, NO_NODE, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * The index at which a linearizable read may be served is not below what was committed anywhere when it was asked for (thesis, section 6.4). It
 * holds for reads under a leader's lease too as long as clocks keep their bounds.
 */
export class ReadSafety implements Invariant {
  readonly name = 'read-safety';
  readonly hears: readonly TraceKind[] = [TraceKind.MessageReceived, TraceKind.ReadConfirmed];
  /** By replica and the number of the read: what was committed when it was asked for. */
  readonly #asked = new WeakMap<ObservedReplica, Map<number, number>>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject === undefined) return;
    const { event } = observation;
    if (event.kind === TraceKind.MessageReceived) {
      const { type, from, context } = event.message;
      if (type === MessageType.ReadIndex && from === NO_NODE) {
        this.#askedOf(subject).set(context, subject.group.committed.lastIndex);
      }
    } else if (event.kind === TraceKind.ReadConfirmed) {
      const asked = this.#askedOf(subject);
      const committed = asked.get(event.context) ?? 0;
      asked.delete(event.context);
      if (event.index < committed) {
        const text = `${subject.toString()} may serve read ${event.context} at index ${event.index}`;
        violated(this.name, `${text}, and ${committed} was committed when it was asked for`);
      }
    }
  }

  #askedOf(replica: ObservedReplica): Map<number, number> {
    let asked = this.#asked.get(replica);
    if (asked === undefined) this.#asked.set(replica, (asked = new Map()));
    return asked;
  }
}
