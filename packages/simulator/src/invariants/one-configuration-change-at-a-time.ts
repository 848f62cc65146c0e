import { EntryType, Role, TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A leader appends a change of membership only when it has applied every one before it: two of a group are never in flight, not even those of
 * two leaders (thesis, section 4.1, and the correction of 2015). So a joint configuration is left only after it was committed and applied.
 * A new leader makes no change before it has applied all that was in its log when it was elected: a change of its predecessor may be there.
 */
export class OneConfigurationChangeAtATime implements Invariant {
  readonly name = 'one-configuration-change-at-a-time';
  readonly hears: readonly TraceKind[] = [TraceKind.RoleChanged, TraceKind.EntriesAppended];
  /** Last index of each leader's log when it was elected. */
  readonly #tails = new WeakMap<ObservedReplica, number>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject?.isLeader !== true) return;
    const { event } = observation;
    if (event.kind === TraceKind.RoleChanged && event.role === Role.Leader) {
      // Its own empty entry is in the log already.
      this.#tails.set(subject, subject.log.lastIndex - 1);
      return;
    }
    if (event.kind !== TraceKind.EntriesAppended || event.entries.every(({ type }) => type === EntryType.Normal))
      return;
    const { log, applied } = subject;
    const tail = this.#tails.get(subject) ?? 0;
    if (applied < tail) {
      const text = `${subject.toString()} appended a change of membership at ${log.lastIndex}`;
      violated(this.name, `${text}, and has applied ${applied} of the ${tail} entries that it had when it was elected`);
    }
    const pending: number[] = [];
    for (let index = Math.max(applied + 1, log.firstIndex); index <= log.lastIndex; index++) {
      if (log.entryAt(index)?.type !== EntryType.Normal) pending.push(index);
    }
    if (pending.length < 2) return;
    const text = `${subject.toString()} has applied all up to ${applied}`;
    violated(this.name, `${text}, and its log has changes of membership at ${pending.join(' and ')}`);
  }
}
