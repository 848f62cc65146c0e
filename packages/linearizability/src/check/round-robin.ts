import type { History } from '../history/operation.js';
import type { Model } from '../model/model.js';
import { type CheckOptions, type Limits, limitsOf } from './budget.js';
import { type Partition, partitionsOf } from './partition.js';
import { PartitionCheck } from './partition-check.js';
import type { UnknownReason, Verdict } from './verdict.js';

const FIRST_QUANTUM = 512;
const QUANTUM_MAX = 16_384;

/**
 * Takes turns between partitions, a quantum of steps each, so that a partition that is refuted at once is not kept waiting by one that
 * explodes. Memory is shared evenly between those that are undecided: whoever has used up its share waits until others end, and when all
 * wait, one is given up for the rest.
 */
export class RoundRobin<State, Input, Output> {
  readonly #limits: Limits;
  readonly #stopsAtRefutation: boolean;
  readonly #checks: readonly PartitionCheck<State, Input, Output>[];
  #undecided: PartitionCheck<State, Input, Output>[];
  #turn = 0;
  #quantum = FIRST_QUANTUM;
  #steps = 0;
  #hasProgressed = false;

  /** @throws {UnusableBudget} */
  constructor(model: Model<State, Input, Output>, history: History<Input, Output>, options: CheckOptions) {
    this.#limits = limitsOf(options);
    this.#stopsAtRefutation = options.afterRefutation !== 'continue';
    const partitions: readonly Partition<Input, Output>[] = partitionsOf(model, history);
    this.#checks = partitions.map((partition) => new PartitionCheck(model, partition));
    this.#undecided = [...this.#checks];
  }

  /** One partition's turn. */
  slice(): 'running' | 'done' {
    if (this.#undecided.length === 0) return 'done';
    if (this.#turn >= this.#undecided.length) this.#nextRound();
    const check = this.#undecided[this.#turn];
    if (check === undefined) return 'done';
    const share = Math.max(1, Math.floor(this.#limits.configurations / this.#undecided.length));
    const steps = check.run(Math.min(this.#quantum, this.#limits.steps - this.#steps), share);
    this.#steps += steps;
    this.#hasProgressed ||= steps > 0;
    if (check.verdict === 'unknown') this.#turn++;
    else {
      this.#undecided.splice(this.#turn, 1);
      this.#hasProgressed = true;
      if (check.verdict === 'not-linearizable' && this.#stopsAtRefutation) this.#giveUp('refuted-elsewhere');
    }
    if (this.#steps >= this.#limits.steps) this.#giveUp('steps');
    if (this.#limits.isTimeOver()) this.#giveUp('time');
    return this.#undecided.length === 0 ? 'done' : 'running';
  }

  /** Gives up on all that is undecided. */
  abort(): void {
    this.#giveUp('aborted');
  }

  /** What is known by now. */
  verdict(): Verdict<Input, Output> {
    const partitions = this.#checks.map((check) => check.result());
    const isRefuted = partitions.some(({ verdict }) => verdict === 'not-linearizable');
    const isProven = partitions.every(({ verdict }) => verdict === 'linearizable');
    return {
      verdict: isRefuted ? 'not-linearizable' : isProven ? 'linearizable' : 'unknown',
      partitions,
      steps: partitions.reduce((sum, { steps }) => sum + steps, 0),
      configurations: partitions.reduce((sum, { configurations }) => sum + configurations, 0),
    };
  }

  #nextRound(): void {
    if (!this.#hasProgressed) this.#undecided.pop()?.giveUp('configurations');
    this.#hasProgressed = false;
    this.#turn = 0;
    this.#quantum = Math.min(this.#quantum * 2, QUANTUM_MAX);
  }

  #giveUp(reason: UnknownReason): void {
    for (const check of this.#undecided) check.giveUp(reason);
    this.#undecided = [];
  }
}
