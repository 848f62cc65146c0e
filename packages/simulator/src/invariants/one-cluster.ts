import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/** One list of seeds never comes to two clusters: all nodes that belong to one belong to the same, and no two of them have one id. */
export class OneCluster implements Invariant {
  readonly name = 'one-cluster';
  readonly hears: readonly ObservationKind[] = ['polled', 'node-ended'];
  #cluster: { readonly id: string; readonly node: string } | undefined;
  /** By id of a node: the machine that it is on. */
  readonly #machines = new Map<number, string>();

  observe(observation: Observation, _cluster: ObservedCluster): void {
    if (observation.kind !== 'polled') return;
    const { node, figures } = observation;
    const { clusterId, id } = figures.status;
    if (clusterId === null) return;
    this.#cluster ??= { id: clusterId, node };
    if (this.#cluster.id !== clusterId) {
      violated(this.name, `${node} belongs to cluster ${clusterId}, and ${this.#cluster.node} to ${this.#cluster.id}`);
    }
    const other = this.#machines.get(id);
    if (id !== 0 && other !== undefined && other !== node) {
      violated(this.name, `${node} and ${other} are both node ${id}; an id is never given twice`);
    }
    this.#machines.set(id, node);
  }
}
