import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * The cluster epoch is another one for each acquisition of group 0's leadership, and the mark of a node never falls in a life. (A mark that
 * could not be saved before a crash may be lost: it is a fence, not a promise.)
 */
export class ClusterEpoch implements Invariant {
  readonly name = 'cluster-epoch';
  readonly hears: readonly ObservationKind[] = ['cluster-event', 'polled', 'node-started'];
  /** By epoch: who acquired it. */
  readonly #acquired = new Map<number, string>();
  readonly #marks = new Map<string, number>();

  observe(observation: Observation, _cluster: ObservedCluster): void {
    switch (observation.kind) {
      case 'cluster-event': {
        const { node, life, event } = observation;
        if (event.name === 'epoch.bumped') this.#acquires(event.epoch, `life ${life} of ${node}`);
        return;
      }
      case 'polled': {
        const { node, figures } = observation;
        const { epoch } = figures.status;
        const before = this.#marks.get(node) ?? 0;
        if (epoch < before) violated(this.name, `the epoch that ${node} has seen fell from ${before} to ${epoch}`);
        this.#marks.set(node, epoch);
        return;
      }
      case 'node-started':
        this.#marks.delete(observation.node);
        return;
      default:
    }
  }

  #acquires(epoch: number, who: string): void {
    const other = this.#acquired.get(epoch);
    if (other !== undefined && other !== who) violated(this.name, `${who} acquired epoch ${epoch}, which ${other} had`);
    this.#acquired.set(epoch, who);
  }
}
