import { type Entry, TraceKind } from '@flotilla/raft-core';
import type { GroupWrite } from '@flotilla/storage';
import { digestOf } from '../observation/entry-register.js';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * If two logs hold an entry of the same index and term, they are the same in it and in all before it (Raft paper, figure 3, Log Matching):
 * whatever was seen once at an index and term, and the term before it, is the same wherever it is seen again, in memory, on its way to a
 * disk, and back from it after a restart. Terms never fall along a log.
 */
export class LogMatching implements Invariant {
  readonly name = 'log-matching';
  readonly hears: readonly (TraceKind | ObservationKind)[] = [
    TraceKind.EntriesAppended,
    TraceKind.NodeStarted,
    'append',
  ];

  observe(observation: Observation, { subject, machine }: ObservedCluster): void {
    if (observation.kind === 'append') {
      for (const write of observation.batch) {
        const replica = machine?.replicas.get(write.group);
        if (replica !== undefined) this.#checkWrite(replica, write);
      }
      return;
    }
    if (observation.kind !== 'trace' || subject === undefined) return;
    const { event } = observation;
    const entries = event.kind === TraceKind.EntriesAppended ? event.entries : subject.log.entries;
    for (let at = 0; at < entries.length; at++) this.#checkEntry(subject, entries[at] as Entry);
  }

  #checkEntry(replica: ObservedReplica, entry: Entry): void {
    const { group, log } = replica;
    const previousTerm = log.termAt(entry.index - 1);
    if (previousTerm > entry.term) {
      this.#fail(replica, entry, `stands behind one of term ${previousTerm}`);
    }
    const known = group.entries.find(entry.index, entry.term);
    if (known === undefined) return;
    if (known.digest !== digestOf(entry)) this.#fail(replica, entry, 'was seen before with other content');
    if (previousTerm >= 0 && known.previousTerm >= 0 && known.previousTerm !== previousTerm) {
      this.#fail(
        replica,
        entry,
        `stands behind one of term ${previousTerm}, and elsewhere behind one of ${known.previousTerm}`,
      );
    }
  }

  #checkWrite(replica: ObservedReplica, { entries }: GroupWrite): void {
    if (entries === undefined) return;
    const { group, log } = replica;
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at] as Entry;
      if (log.entryAt(entry.index) === entry) continue;
      const known = group.entries.find(entry.index, entry.term);
      if (known === undefined) this.#fail(replica, entry, 'goes to the disk, and never stood in a log');
      else if (known.digest !== digestOf(entry))
        this.#fail(replica, entry, 'goes to the disk with other content than it has');
    }
  }

  #fail(replica: ObservedReplica, { index, term }: Entry, what: string): never {
    return violated(this.name, `${replica.toString()}: entry ${index} of term ${term} ${what}`);
  }
}
