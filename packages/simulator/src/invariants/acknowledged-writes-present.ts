import { EntryType } from '@flotilla/raft-core';
import { digestOf } from '../observation/entry-register.js';
import type { Observation, ObservationKind, ObservationOf } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedGroup } from '../observation/observed-group.js';
import { type Invariant, violated } from './invariant.js';

/** A write that a client was told of. */
interface Acknowledged {
  readonly index: number;
  readonly term: number;
}

/**
 * What a client was told to be done is committed at that moment, with that content; it stays in the log or the snapshot of every later leader,
 * and is in the final state of all.
 */
export class AcknowledgedWritesPresent implements Invariant {
  readonly name = 'acknowledged-writes-present';
  readonly hears: readonly ObservationKind[] = ['acknowledged'];
  readonly #acknowledged = new Map<number, Acknowledged[]>();

  observe(observation: Observation, { groups }: ObservedCluster): void {
    if (observation.kind !== 'acknowledged') return;
    const { group: id, index, term } = observation;
    const group = groups.get(id);
    if (group === undefined) violated(this.name, `${place(observation)} was acknowledged, and nobody holds that group`);
    this.#checkCommitted(group, observation);
    const acknowledged = this.#acknowledged.get(id);
    if (acknowledged === undefined) this.#acknowledged.set(id, [{ index, term }]);
    else acknowledged.push({ index, term });
  }

  #checkCommitted(group: ObservedGroup, observation: ObservationOf<'acknowledged'>): void {
    const { index, term, command } = observation;
    const committed = group.committed.termAt(index);
    if (committed !== term) {
      const instead =
        committed < 0 ? 'nothing was committed there' : `the entry of term ${committed} was committed there`;
      violated(this.name, `${place(observation)} was acknowledged, and ${instead}`);
    }
    const known = group.entries.find(index, term);
    if (known !== undefined && known.digest !== digestOf({ type: EntryType.Normal, data: command })) {
      violated(this.name, `${place(observation)} was acknowledged, and another command was committed there`);
    }
  }

  /** Every leader holds all of it. */
  check(cluster: ObservedCluster): void {
    for (const [id, acknowledged] of this.#acknowledged) {
      for (const replica of cluster.groups.get(id)?.replicas.values() ?? []) {
        if (!replica.isLeader) continue;
        for (const { index, term } of acknowledged) {
          if (term > replica.term || index <= replica.log.baseIndex || replica.log.termAt(index) === term) continue;
          violated(this.name, `${replica.toString()} lacks command ${index} of term ${term}, which was acknowledged`);
        }
      }
    }
  }

  /** All that hold the group have it in their state. */
  settled(cluster: ObservedCluster, core: readonly string[]): void {
    for (const [id, acknowledged] of this.#acknowledged) {
      const last = acknowledged.reduce((highest, { index }) => Math.max(highest, index), 0);
      const group = cluster.groups.get(id);
      for (const name of core) {
        const replica = group?.replicas.get(name);
        if (replica === undefined || replica.watermark >= last) continue;
        violated(
          this.name,
          `${replica.toString()} shows all up to ${replica.watermark}, and command ${last} was acknowledged`,
        );
      }
    }
  }
}

function place({ group, index, term }: ObservationOf<'acknowledged'>): string {
  return `command ${index} of term ${term} in group ${group}`;
}
