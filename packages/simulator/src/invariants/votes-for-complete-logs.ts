import { TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * Votes and pre-votes go to candidates whose log is at least as complete as the voter's: the last entry of a later term, or of the same term and
 * no earlier index (Raft paper, section 5.4.1).
 */
export class VotesForCompleteLogs implements Invariant {
  readonly name = 'votes-for-complete-logs';
  readonly hears: readonly TraceKind[] = [TraceKind.VoteCast];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject?.isStarted !== true) return;
    const { event } = observation;
    if (event.kind !== TraceKind.VoteCast) return;
    const { candidateTerm, candidateIndex, from } = event;
    const { lastIndex } = subject.log;
    const lastTerm = subject.log.termAt(lastIndex);
    if (candidateTerm > lastTerm || (candidateTerm === lastTerm && candidateIndex >= lastIndex)) return;
    const theirs = `ends at ${candidateIndex} in term ${candidateTerm}`;
    violated(
      this.name,
      `${subject.toString()} votes for ${from}, whose log ${theirs}; its own ends at ${lastIndex} in term ${lastTerm}`,
    );
  }
}
