import { FlotillaError } from '@flotilla/errors';
import type { LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '@flotilla/storage';

/**
 * A log that must hold certain groups. A replica that has voted or acknowledged anything has a record; where the catalog knows that it had
 * one and the log has none, the log was lost or exchanged beside a catalog that was not, and the node must not start as if it were new.
 */
export class LogGuard implements LogEngine {
  readonly #log: LogEngine;
  readonly #established: readonly number[];

  /** `established`: groups of this log that had a record. */
  constructor(log: LogEngine, established: readonly number[]) {
    this.#log = log;
    this.#established = established;
  }

  get durability(): LogEngine['durability'] {
    return this.#log.durability;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    const recovered = await this.#log.recover();
    const found = new Set(recovered.map(({ group }) => group));
    const lost = this.#established.filter((group) => !found.has(group));
    if (lost.length === 0) return recovered;
    const reason = `the log of groups ${lost.join(', ')} is gone, and the catalog says that there was one`;
    throw new FlotillaError('StorageCorrupt', {
      message:
        `${reason}: without it this node could vote twice. Restore the data folder as a whole, or start with an empty one as a new node ` +
        'and replace this one by it (members replace)',
      details: { path: 'log', offset: 0, reason },
    });
  }

  append(batch: LogBatch): Promise<void> {
    return this.#log.append(batch);
  }

  stats(): LogEngineStats {
    return this.#log.stats();
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
