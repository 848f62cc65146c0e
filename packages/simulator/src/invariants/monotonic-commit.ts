import { TraceKind } from '@flotilla/raft-core';
import type { Observation } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * In one life of a replica neither its commit index nor its applied index falls; applied never passes commit, and commit never the end of
 * the log. After a restart both may be lower: the commit index on disk is a hint, and delivery begins anew behind the snapshot.
 */
export class MonotonicCommit implements Invariant {
  readonly name = 'monotonic-commit';
  readonly hears: readonly TraceKind[] = [
    TraceKind.CommitAdvanced,
    TraceKind.SnapshotRestoreStarted,
    TraceKind.AppliedAdvanced,
    TraceKind.NodeStarted,
  ];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (observation.kind !== 'trace' || subject?.isStarted !== true) return;
    const { commit, previousCommit, applied, previousApplied, log } = subject;
    if (observation.event.kind === TraceKind.AppliedAdvanced) {
      if (applied < previousApplied) {
        violated(this.name, `the applied index of ${subject.toString()} fell from ${previousApplied} to ${applied}`);
      }
      if (applied > commit)
        violated(this.name, `${subject.toString()} applied ${applied}, and its commit index is ${commit}`);
      return;
    }
    if (commit < previousCommit) {
      violated(this.name, `the commit index of ${subject.toString()} fell from ${previousCommit} to ${commit}`);
    }
    if (commit > log.lastIndex) {
      violated(
        this.name,
        `the commit index of ${subject.toString()} is ${commit}, and its log ends at ${log.lastIndex}`,
      );
    }
  }
}
