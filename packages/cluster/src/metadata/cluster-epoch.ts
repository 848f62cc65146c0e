import { toFlotillaError } from '@flotilla/errors';
import type { EpochMark } from '../raft-loop/peer-network.js';
import type { EpochEvent } from './epoch-event.js';

/** What the epoch needs of its node. */
export interface ClusterEpochOptions {
  /** The mark that the catalog held. */
  readonly initial: number;
  /** Makes a mark durable. Marks may be skipped where a later one follows at once. */
  readonly save: (epoch: number) => Promise<void>;
  readonly onEvent: (event: EpochEvent) => void;
}

/**
 * The highest cluster epoch that this node has seen. It belongs to a node, not to a process; it only grows; it is carried in hellos and
 * batches, and kept in the catalog. A mark that could not be saved counts all the same: it is a fence, not a promise.
 */
export class ClusterEpoch implements EpochMark {
  #current: number;
  #saved: number;
  #saving = false;
  readonly #options: ClusterEpochOptions;

  constructor(options: ClusterEpochOptions) {
    this.#current = options.initial;
    this.#saved = options.initial;
    this.#options = options;
  }

  current(): number {
    return this.#current;
  }

  observe(epoch: number): void {
    if (epoch <= this.#current) return;
    this.#current = epoch;
    if (!this.#saving) void this.#save();
  }

  async #save(): Promise<void> {
    this.#saving = true;
    while (this.#saved < this.#current) {
      const epoch = this.#current;
      try {
        await this.#options.save(epoch);
      } catch (error) {
        this.#options.onEvent({ name: 'epoch.persist_failed', epoch, error: toFlotillaError(error).message });
      }
      this.#saved = epoch;
    }
    this.#saving = false;
  }
}
