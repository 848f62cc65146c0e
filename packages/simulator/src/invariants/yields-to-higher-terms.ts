import { type Message, MessageType, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * Whoever hears of a later term is in it from then on (Raft paper, section 5.1), whether the word was a request or an answer. But pre-votes speak
 * of terms that have not begun, and a request for a vote is ignored as a whole while a leader was heard of (thesis, section 4.2.3).
 */
export class YieldsToHigherTerms implements Invariant {
  readonly name = 'yields-to-higher-terms';
  readonly hears: readonly TraceKind[] = [
    TraceKind.MessageReceived,
    TraceKind.MessageSent,
    TraceKind.VoteIgnoredInLease,
  ];
  /** The word of a later term that a replica has just heard. */
  readonly #heard = new WeakMap<ObservedReplica, Message>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject === undefined) return;
    const { event } = observation;
    if (event.kind === TraceKind.VoteIgnoredInLease) {
      this.#heard.delete(subject);
      return;
    }
    const heard = this.#heard.get(subject);
    if (heard !== undefined) {
      this.#heard.delete(subject);
      if (subject.term < heard.term) {
        violated(
          this.name,
          `${subject.toString()} heard of term ${heard.term} from ${heard.from}, and stays in its own`,
        );
      }
    }
    if (event.kind === TraceKind.MessageReceived && event.message.term > subject.term && isOfItsTerm(event.message)) {
      this.#heard.set(subject, event.message);
    }
  }
}

/** Whether the message's term has begun, and its sender is in it. */
function isOfItsTerm({ type, reject }: Message): boolean {
  switch (type) {
    case MessageType.PreVote:
      return false;
    case MessageType.PreVoteResp:
      return reject;
    default:
      return true;
  }
}
