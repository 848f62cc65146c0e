import { METADATA_GROUP } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import { sameKnowledge } from '../metadata/cluster-view.js';
import type { MetadataState } from '../metadata/metadata-state.js';

/** What pushes need of their node. */
export interface MetadataPushesOptions {
  readonly runtime: Runtime;
  readonly nodeId: number;
  readonly state: () => MetadataState;
  /** This node leads group 0 and may act. */
  readonly acting: () => boolean;
  /** Nodes that can be reached now. */
  readonly connected: () => readonly number[];
  readonly push: (node: number, state: MetadataState) => Promise<unknown>;
}

/** Wait before a push that failed is made again (ms). */
const RETRY_MS = 300;

/**
 * Keeps nodes that hold no replica of group 0 up to date, while this node leads it: each gets the whole of topology, routing and targets when
 * these changed or when it connects; one push at a time a node, the newest state with each.
 */
export class MetadataPushes {
  readonly #options: MetadataPushesOptions;
  readonly #known = new Map<number, MetadataState>();
  readonly #pushing = new Set<number>();
  #stopped = false;

  constructor(options: MetadataPushesOptions) {
    this.#options = options;
  }

  /** What is known changed, or leadership did. */
  kick(): void {
    if (this.#stopped || !this.#options.acting()) return;
    for (const node of this.#options.connected()) this.#start(node);
  }

  /** A node connected, or said that it is behind: what it knows is not known here any more. */
  behind(node: number): void {
    this.#known.delete(node);
    if (!this.#stopped && this.#options.acting()) this.#start(node);
  }

  stop(): void {
    this.#stopped = true;
  }

  #start(node: number): void {
    if (this.#pushing.has(node) || !this.#isDue(node)) return;
    this.#pushing.add(node);
    void this.#run(node);
  }

  async #run(node: number): Promise<void> {
    while (!this.#stopped && this.#options.acting() && this.#isDue(node)) {
      const state = this.#options.state();
      try {
        await this.#options.push(node, state);
        this.#known.set(node, state);
      } catch {
        await new Promise<void>((resolve) => this.#options.runtime.setTimer(RETRY_MS, resolve));
        if (!this.#options.connected().includes(node)) break;
      }
    }
    this.#pushing.delete(node);
  }

  /** A member of group 0 learns from its own replica. */
  #isDue(node: number): boolean {
    const state = this.#options.state();
    const members = state.routing.groups.get(METADATA_GROUP);
    if (members === undefined || members.voters.includes(node) || members.learners.includes(node)) return false;
    const known = this.#known.get(node);
    return known === undefined || !sameKnowledge(known, state);
  }
}
