import type { Runtime } from '@flotilla/runtime';
import type { ClusterView } from '../metadata/cluster-view.js';
import type { MetadataState } from '../metadata/metadata-state.js';

/** What pulls need of their node. */
export interface MetadataPullsOptions {
  readonly runtime: Runtime;
  readonly view: ClusterView;
  /** How long this node may be behind before it asks (ms): a replica of group 0 catches up by itself, as a rule. */
  readonly patienceMs: () => number;
  readonly pull: (node: number) => Promise<MetadataState>;
}

/**
 * Keeps what this node knows of the cluster up to date where no replica of group 0 does: host heartbeats tell the versions of topology and
 * routing, and whoever is behind asks one that is ahead for all of it. That also helps a replica that group 0's leader cannot reach
 * because that leader is not known here yet.
 */
export class MetadataPulls {
  readonly #options: MetadataPullsOptions;
  #behindSinceMs: number | undefined;
  #pulling = false;

  constructor(options: MetadataPullsOptions) {
    this.#options = options;
  }

  /** A heartbeat said which versions another node holds. */
  heard(node: number, topologyVersion: number, routingVersion: number): void {
    const { runtime, view, patienceMs } = this.#options;
    const { topology, routing } = view.state;
    if (topologyVersion <= topology.version && routingVersion <= routing.version) {
      if (topologyVersion === topology.version && routingVersion === routing.version) this.#behindSinceMs = undefined;
      return;
    }
    this.#behindSinceMs ??= runtime.now();
    if (!this.#pulling && runtime.now() - this.#behindSinceMs >= patienceMs()) void this.#pull(node);
  }

  async #pull(node: number): Promise<void> {
    this.#pulling = true;
    try {
      this.#options.view.offer(await this.#options.pull(node));
      this.#behindSinceMs = undefined;
    } catch {
      // The next heartbeat asks again; the failure was told as an event.
      this.#behindSinceMs ??= this.#options.runtime.now();
    }
    this.#pulling = false;
  }
}
