import { crc32c } from '@flotilla/bytes';
import type { Observation, ObservationKind, ObservationOf } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';

/**
 * Replicas that have applied the same commands are in the same state and gave the same results, whether they came there command by command,
 * by a snapshot, or by a restart (thesis, chapter 3: replicated state machines). Results are compared command by command; states by a digest
 * wherever two replicas were asked for one at the same index.
 */
export class EqualState implements Invariant {
  readonly name = 'equal-state';
  readonly hears: readonly ObservationKind[] = ['applied', 'state'];
  /** By group and index: digest of the result. */
  readonly #results = new Map<number, (number | undefined)[]>();
  /** By group and index: digest of the state with all up to that index applied. */
  readonly #states = new Map<number, Map<number, number>>();

  observe(observation: Observation, { subject }: ObservedCluster): void {
    if (subject === undefined) return;
    if (observation.kind === 'applied') this.#checkResults(subject, observation);
    else if (observation.kind === 'state') this.#checkState(subject, observation);
  }

  #checkResults(replica: ObservedReplica, { commands, results }: ObservationOf<'applied'>): void {
    const { id } = replica.group;
    let known = this.#results.get(id);
    if (known === undefined) this.#results.set(id, (known = []));
    for (let at = 0; at < commands.length; at++) {
      const command = commands[at];
      const result = results[at];
      if (command === undefined || result === undefined) continue;
      const digest = crc32c(result);
      const before = known[command.index];
      if (before === undefined) known[command.index] = digest;
      else if (before !== digest) {
        violated(
          this.name,
          `${replica.toString()} came to another result for command ${command.index} than was seen before`,
        );
      }
    }
  }

  #checkState(replica: ObservedReplica, { index, digest }: ObservationOf<'state'>): void {
    const { id } = replica.group;
    let known = this.#states.get(id);
    if (known === undefined) this.#states.set(id, (known = new Map()));
    const before = known.get(index);
    if (before === undefined) known.set(index, digest);
    else if (before !== digest) {
      violated(this.name, `${replica.toString()} is in another state after index ${index} than was seen before`);
    }
  }
}
