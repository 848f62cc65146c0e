import { TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A leader never overwrites or deletes entries of its log; it only appends, in its own term (Raft paper, figure 3, Leader Append-Only). Its
 * leadership begins with an entry of its own, without which it could commit nothing that it found (section 5.4.2) and read nothing (thesis,
 * section 6.4).
 */
export class LeaderAppendOnly implements Invariant {
  readonly name = 'leader-append-only';
  readonly hears: readonly TraceKind[] = [
    TraceKind.EntriesAppended,
    TraceKind.SnapshotRestoreStarted,
    TraceKind.RoleChanged,
  ];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject?.isLeader !== true) return;
    const { event } = observation;
    const { log, term, previousLastIndex } = subject;
    if (event.kind === TraceKind.SnapshotRestoreStarted) {
      violated(this.name, `${subject.toString()} replaced its log by a snapshot at ${event.snapshotIndex}`);
    }
    if (event.kind === TraceKind.EntriesAppended) {
      if (event.firstIndex !== previousLastIndex + 1) {
        violated(
          this.name,
          `${subject.toString()} replaced its log, which ended at ${previousLastIndex}, from ${event.firstIndex} on`,
        );
      }
      const foreign = event.entries.find((entry) => entry.term !== term);
      if (foreign !== undefined) {
        violated(this.name, `${subject.toString()} appended entry ${foreign.index} of term ${foreign.term}`);
      }
    } else if (log.termAt(log.lastIndex) !== term) {
      violated(this.name, `${subject.toString()} leads, and its log ends at ${log.lastIndex} with no entry of its own`);
    }
  }
}
