import type { Durability } from '../durability.js';
import type { LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '../log-engine.js';
import { failed, invalid } from '../storage-errors.js';
import { GroupState } from './group-state.js';
import { LogShape } from './log-shape.js';

/**
 * A log in memory: the reference that other engines are compared with, and the engine of demonstrations. It outlives nothing
 * but its own `close`: `reopen` gives an engine over the same log, as a restarted node would find it.
 */
export class MemoryLogEngine implements LogEngine {
  readonly durability: Durability = 'none';
  readonly #groups: Map<number, GroupState>;
  readonly #shape = new LogShape();
  #state: 'new' | 'open' | 'closed' = 'new';
  #appends = 0;

  constructor() {
    this.#groups = new Map();
  }

  /** An engine over what this one holds. This one must be closed. */
  reopen(): MemoryLogEngine {
    if (this.#state !== 'closed') throw invalid('engine', 'it is reopened before it was closed');
    const engine = new MemoryLogEngine();
    for (const [group, state] of this.#groups) engine.#groups.set(group, state);
    return engine;
  }

  /** What is held now, ascending by group; for comparisons. */
  contents(): RecoveredGroup[] {
    return [...this.#groups.values()].sort((a, b) => a.group - b.group).map((state) => state.recovered());
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    if (this.#state !== 'new') throw failed('recover', 'the memory log', 'it is recovered already, or closed');
    this.#state = 'open';
    const groups = this.contents();
    this.#shape.reset(groups);
    return groups;
  }

  async append(batch: LogBatch): Promise<void> {
    if (this.#state !== 'open') throw failed('append', 'the memory log', 'it is not recovered yet, or closed');
    const reason = this.#shape.refusal(batch);
    if (reason !== undefined) throw invalid('batch', reason);
    this.#shape.take(batch);
    for (const write of batch) {
      let state = this.#groups.get(write.group);
      if (state === undefined) this.#groups.set(write.group, (state = new GroupState(write.group)));
      state.apply(write);
      if (state.isEmpty) this.#groups.delete(write.group);
    }
    this.#appends++;
  }

  stats(): LogEngineStats {
    return { appends: this.#appends, bytesWritten: 0, syncs: 0, segments: 0, diskBytes: 0 };
  }

  async close(): Promise<void> {
    this.#state = 'closed';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
