import { isIndeterminate } from '../history/operation.js';
import type { Model } from '../model/model.js';
import { type Explanation, LinearizationSearch } from '../search/search.js';
import { timelineOf } from '../search/timeline.js';
import { decideUniqueWrites } from '../unique-writes/decide.js';
import type { Partition } from './partition.js';
import type { PartitionVerdict, UnknownReason, VerdictKind } from './verdict.js';

/** The check of one partition: by its unique writes if it has them, else by a search that is given steps in turns. */
export class PartitionCheck<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #partition: Partition<Input, Output>;
  #search: LinearizationSearch<State, Input, Output> | undefined;
  #explanation: Explanation = { order: [] };
  #verdict: VerdictKind = 'unknown';
  #reason: UnknownReason | undefined;
  #configurations = 0;
  #steps = 0;
  #method: 'search' | 'unique-writes' = 'search';

  constructor(model: Model<State, Input, Output>, partition: Partition<Input, Output>) {
    this.#model = model;
    this.#partition = partition;
  }

  /** `unknown` while it is undecided, and when it was given up. */
  get verdict(): VerdictKind {
    return this.#verdict;
  }

  /** Goes on for so many steps, unless `configurations` are in memory. Gives the steps that it took. */
  run(steps: number, configurations: number): number {
    if (this.#search === undefined && this.#decideUniqueWrites()) return 0;
    this.#search ??= new LinearizationSearch(this.#model, this.#partition.operations);
    const status = this.#search.run(steps, configurations);
    const taken = this.#search.steps - this.#steps;
    this.#steps = this.#search.steps;
    if (status !== 'running') {
      this.#verdict = status;
      this.#end();
    }
    return taken;
  }

  /** Ends it without a verdict. */
  giveUp(reason: UnknownReason): void {
    this.#reason = reason;
    this.#end();
  }

  result(): PartitionVerdict<Input, Output> {
    const { key, operations } = this.#partition;
    return {
      ...(key === undefined ? {} : { key }),
      verdict: this.#verdict,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      operations,
      ...this.#explanation,
      method: this.#method,
      steps: this.#steps,
      configurations: this.#configurations,
    };
  }

  #decideUniqueWrites(): boolean {
    const { operations } = this.#partition;
    const roles = this.#model.uniqueWrites?.(
      operations.map((operation) => ({
        input: operation.input,
        output: isIndeterminate(operation) ? undefined : operation.output,
      })),
    );
    if (roles === undefined) return false;
    this.#method = 'unique-writes';
    this.#explanation = decideUniqueWrites(roles, timelineOf(operations));
    this.#verdict = this.#explanation.culprit === undefined ? 'linearizable' : 'not-linearizable';
    return true;
  }

  #end(): void {
    if (this.#search === undefined) return;
    this.#explanation = this.#search.explanation();
    this.#configurations = this.#search.configurations;
    this.#search = undefined;
  }
}
