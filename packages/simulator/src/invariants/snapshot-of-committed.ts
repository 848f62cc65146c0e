import { TraceKind } from '@flotilla/raft-core';
import type { GroupWrite } from '@flotilla/storage';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedGroup } from '../observation/observed-group.js';
import { type Invariant, violated } from './invariant.js';

/**
 * A snapshot stands for a prefix of the committed log: its index is committed, its term is that of the entry there; one that a replica took
 * shows no more than it had applied; and a log is never compacted beyond the snapshot that replaces what is dropped (Raft paper, section 7).
 */
export class SnapshotOfCommitted implements Invariant {
  readonly name = 'snapshot-of-committed';
  readonly hears: readonly (TraceKind | ObservationKind)[] = ['append', TraceKind.SnapshotRestoreStarted];

  observe(observation: Observation, { subject, machine, groups }: ObservedCluster): void {
    if (observation.kind === 'append') {
      for (const write of observation.batch) {
        const group = groups.get(write.group);
        if (group !== undefined && machine !== undefined) this.#checkWrite(group, machine.name, write);
      }
    } else if (observation.kind === 'trace' && subject !== undefined) {
      const { event } = observation;
      if (event.kind !== TraceKind.SnapshotRestoreStarted) return;
      this.#checkPlace(subject.group, event.snapshotIndex, event.snapshotTerm, `${subject.toString()} takes in`);
    }
  }

  #checkWrite(group: ObservedGroup, machine: string, { snapshotMark, resetLog, compactTo }: GroupWrite): void {
    const replica = group.replicas.get(machine);
    if (snapshotMark !== undefined) {
      const { index, term } = snapshotMark;
      this.#checkPlace(group, index, term, `group ${group.id} on ${machine} writes`);
      if (resetLog !== true && replica?.isStarted === true && index > replica.watermark) {
        violated(
          this.name,
          `${replica.toString()} took a snapshot at ${index}, and shows all up to ${replica.watermark}`,
        );
      }
    }
    const mark = Math.max(snapshotMark?.index ?? 0, replica?.snapshotIndex ?? 0);
    if (compactTo !== undefined && replica !== undefined && compactTo > mark) {
      violated(this.name, `${replica.toString()} compacts its log up to ${compactTo}, and its snapshot is at ${mark}`);
    }
  }

  #checkPlace({ committed }: ObservedGroup, index: number, term: number, who: string): void {
    const text = `${who} a snapshot at ${index} of term ${term}`;
    if (index > committed.lastIndex) violated(this.name, `${text}, and only ${committed.lastIndex} is committed`);
    const known = committed.termAt(index);
    if (index > 0 && known >= 0 && known !== term) {
      violated(this.name, `${text}, where the entry of term ${known} was committed`);
    }
  }
}
