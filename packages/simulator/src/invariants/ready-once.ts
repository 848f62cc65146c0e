import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/**
 * The latch of readiness flips once in a life: a node that was ready is ready until it fails or stops, and it does not become so while it is
 * still starting, before it founded, joined or found a cluster.
 */
export class ReadyOnce implements Invariant {
  readonly name = 'ready-once';
  readonly hears: readonly ObservationKind[] = ['cluster-event', 'node-started'];
  readonly #phases = new Map<string, string>();

  observe(observation: Observation, _cluster: ObservedCluster): void {
    if (observation.kind === 'node-started') {
      this.#phases.set(observation.node, 'starting');
    } else if (observation.kind === 'cluster-event' && observation.event.name === 'lifecycle.changed') {
      const { node, event } = observation;
      const before = this.#phases.get(node) ?? 'starting';
      if (!mayFollow(event.phase, before)) violated(this.name, `${node} was ${before}, and now it is ${event.phase}`);
      this.#phases.set(node, event.phase);
    }
  }
}

function mayFollow(phase: string, before: string): boolean {
  switch (phase) {
    case 'failed':
    case 'stopping':
      return true;
    case 'ready':
      return before !== 'starting' && before !== 'failed' && before !== 'stopping';
    default:
      return before !== 'ready' && before !== 'failed' && before !== 'stopping';
  }
}
