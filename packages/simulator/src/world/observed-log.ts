import type { Durability, LogBatch, LogEngine, LogEngineStats, RecoveredGroup } from '@flotilla/storage';
import type { Observer } from '../observation/observer.js';

/** The log of one life of a node's process, with an observer of what goes into it and what is durable. */
export class ObservedLog implements LogEngine {
  readonly #engine: LogEngine;
  readonly #observer: Observer;
  readonly #node: string;
  readonly #life: number;

  constructor(engine: LogEngine, observer: Observer, node: string, life: number) {
    this.#engine = engine;
    this.#observer = observer;
    this.#node = node;
    this.#life = life;
  }

  get durability(): Durability {
    return this.#engine.durability;
  }

  async recover(): Promise<readonly RecoveredGroup[]> {
    const groups = await this.#engine.recover();
    this.#observer.observe({ kind: 'recovered', node: this.#node, life: this.#life, groups });
    return groups;
  }

  append(batch: LogBatch): Promise<void> {
    this.#observer.observe({ kind: 'append', node: this.#node, life: this.#life, batch });
    const done = this.#engine.append(batch);
    done.then(
      () => this.#observer.observe({ kind: 'durable', node: this.#node, life: this.#life, batch }),
      () => undefined,
    );
    return done;
  }

  stats(): LogEngineStats {
    return this.#engine.stats();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
