import { MessageType, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

interface Sender {
  readonly node: number;
  readonly machine: string;
  readonly life: number;
}

/**
 * Only one process sends what only a leader sends, in any one term of a group: entries, heartbeats, snapshots, the call to campaign at once
 * (the check that hashicorp/raft's fuzz tests make of their transport). It finds two leaders also where neither says that it leads.
 */
export class OneAppendSenderATerm implements Invariant {
  readonly name = 'one-append-sender-a-term';
  readonly hears: readonly TraceKind[] = [TraceKind.MessageSent];
  readonly #senders = new Map<number, Map<number, Sender>>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || observation.event.kind !== TraceKind.MessageSent || subject === undefined)
      return;
    const { type, term, from } = observation.event.message;
    if (!isLeaders(type)) return;
    const senders = this.#sendersOf(subject.group.id);
    const { life } = subject;
    const machine = subject.machine.name;
    const other = senders.get(term);
    if (other === undefined) {
      senders.set(term, { node: from, machine, life });
    } else if (other.node !== from || other.machine !== machine || other.life !== life) {
      const one = `node ${from} in life ${life} of ${machine}`;
      const another = `node ${other.node} in life ${other.life} of ${other.machine}`;
      violated(
        this.name,
        `in term ${term} of group ${subject.group.id} ${one} sends as its leader, and ${another} has`,
      );
    }
  }

  #sendersOf(group: number): Map<number, Sender> {
    let senders = this.#senders.get(group);
    if (senders === undefined) this.#senders.set(group, (senders = new Map()));
    return senders;
  }
}

/** Whether only a leader sends messages of this kind. */
export function isLeaders(type: MessageType): boolean {
  switch (type) {
    case MessageType.App:
    case MessageType.Heartbeat:
    case MessageType.Snap:
    case MessageType.TimeoutNow:
      return true;
    default:
      return false;
  }
}
