import type { Command } from '@flotilla/cluster';
import { EntryType, TraceKind } from '@flotilla/raft-core';
import { digestOf, isCommand } from '../observation/entry-register.js';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * No two replicas ever hold different entries to be committed at an index, and none applies anything else there (Raft paper, figure 3, State
 * Machine Safety): over all replicas that ever were, those included that were removed, died or lost their disk. Commands are applied in order,
 * none twice in one life and none left out, and only once they are committed.
 */
export class StateMachineSafety implements Invariant {
  readonly name = 'state-machine-safety';
  readonly hears: readonly (TraceKind | ObservationKind)[] = [
    TraceKind.CommitAdvanced,
    TraceKind.SnapshotRestoreStarted,
    TraceKind.NodeStarted,
    'applied',
  ];

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (subject === undefined) return;
    if (observation.kind === 'applied') {
      let previous = subject.previousMachineIndex;
      for (const command of observation.commands) {
        this.#checkCommand(subject, command, previous);
        previous = command.index;
      }
    } else if (observation.kind === 'trace') {
      const { event } = observation;
      const from = event.kind === TraceKind.CommitAdvanced ? subject.previousCommit + 1 : subject.log.baseIndex;
      this.#checkCommitted(subject, from);
    }
  }

  /** What every log holds to be committed, and every disk too, is what was committed. */
  check(cluster: ObservedCluster): void {
    for (const { replicas } of cluster.groups.values()) {
      for (const replica of replicas.values()) {
        if (replica.isStarted && replica.stopped === undefined) this.#checkCommitted(replica, replica.log.firstIndex);
      }
    }
  }

  #checkCommitted(replica: ObservedReplica, from: number): void {
    const { log, commit, group } = replica;
    for (let index = from; index <= commit; index++) {
      const term = log.termAt(index);
      const known = group.committed.termAt(index);
      if (term >= 0 && known >= 0 && term !== known) {
        violated(
          this.name,
          `${replica.toString()} holds entry ${index} of term ${term} to be committed, and that of term ${known} was`,
        );
      }
    }
  }

  #checkCommand(replica: ObservedReplica, command: Command, previous: number): void {
    const { group, log } = replica;
    const { index, term, data } = command;
    if (index <= previous) this.#fail(replica, command, `after ${previous}`);
    for (let skipped = previous + 1; skipped < index; skipped++) {
      const entry = log.entryAt(skipped);
      if (entry !== undefined && isCommand(entry)) this.#fail(replica, command, `and left ${skipped} out`);
    }
    if (replica.isStarted && index > replica.commit) {
      this.#fail(replica, command, `while only ${replica.commit} is committed`);
    }
    const committed = group.committed.termAt(index);
    if (committed !== term) {
      this.#fail(
        replica,
        command,
        committed < 0 ? 'which nobody committed' : `where that of term ${committed} was committed`,
      );
    }
    if (log.entryAt(index) === command) return;
    const known = group.entries.find(index, term);
    if (known !== undefined && known.digest !== digestOf({ type: EntryType.Normal, data })) {
      this.#fail(replica, command, 'with other content than was committed');
    }
  }

  #fail(replica: ObservedReplica, { index, term }: Command, what: string): never {
    return violated(this.name, `${replica.toString()} applied command ${index} of term ${term} ${what}`);
  }
}
