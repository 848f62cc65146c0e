import { EntryType, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A leader appends a change of membership only when it has applied every one before it: two of a group are never in flight, not even those of
 * two leaders (thesis, section 4.1, and the correction of 2015). So a joint configuration is left only after it was committed and applied.
 */
export class OneConfigurationChangeAtATime implements Invariant {
  readonly name = 'one-configuration-change-at-a-time';
  readonly hears: readonly TraceKind[] = [TraceKind.EntriesAppended];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject?.isLeader !== true) return;
    const { event } = observation;
    if (event.kind !== TraceKind.EntriesAppended || event.entries.every(({ type }) => type === EntryType.Normal))
      return;
    const { log, applied } = subject;
    const pending: number[] = [];
    for (let index = Math.max(applied + 1, log.firstIndex); index <= log.lastIndex; index++) {
      if (log.entryAt(index)?.type !== EntryType.Normal) pending.push(index);
    }
    if (pending.length < 2) return;
    const text = `${subject.toString()} has applied all up to ${applied}`;
    violated(this.name, `${text}, and its log has changes of membership at ${pending.join(' and ')}`);
  }
}
