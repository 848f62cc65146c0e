import type { NodeStatus } from '@flotilla/cluster';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import { type Invariant, violated } from './invariant.js';

/** What a node knows of the cluster. */
interface Versions {
  readonly index: number;
  readonly topology: number;
  readonly routing: number;
}

/**
 * What a node knows of the cluster only moves on in a life: group 0's index, the version of the topology, that of the routing table. And it is
 * the same on all nodes that know the same index.
 */
export class MetadataVersions implements Invariant {
  readonly name = 'metadata-versions';
  readonly hears: readonly ObservationKind[] = ['polled', 'node-started'];
  readonly #known = new Map<string, Versions>();
  /** By group 0's index. */
  readonly #states = new Map<number, Versions>();

  observe(observation: Observation, _cluster: ObservedCluster): void {
    if (observation.kind === 'node-started') this.#known.delete(observation.node);
    else if (observation.kind === 'polled') this.#check(observation.node, versionsOf(observation.figures.status));
  }

  #check(node: string, now: Versions): void {
    const before = this.#known.get(node);
    this.#known.set(node, now);
    if (
      before !== undefined &&
      (now.index < before.index || now.topology < before.topology || now.routing < before.routing)
    ) {
      violated(this.name, `${node} knew ${words(before)}, and now it knows ${words(now)}`);
    }
    if (now.index === 0) return;
    const other = this.#states.get(now.index);
    if (other === undefined) this.#states.set(now.index, now);
    else if (other.topology !== now.topology || other.routing !== now.routing) {
      violated(this.name, `${node} knows ${words(now)}, and elsewhere it was ${words(other)}`);
    }
  }
}

function versionsOf({ metadataIndex, topologyVersion, routingVersion }: NodeStatus): Versions {
  return { index: metadataIndex, topology: topologyVersion, routing: routingVersion };
}

function words({ index, topology, routing }: Versions): string {
  return `topology ${topology} and routing ${routing} at index ${index}`;
}
