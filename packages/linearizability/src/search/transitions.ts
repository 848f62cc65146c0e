import { type Model, PossibleStates } from '../model/model.js';
import { Interner } from '../model/interner.js';
import { structuralHash } from '../model/structure.js';

/** The operation is not possible in the state. */
export const IMPOSSIBLE = -1;
const MEMO_BITS_MAX = 20;

/**
 * A model's steps between numbered states, remembered in tables of bounded size. Operations come as classes: numbers that are equal for
 * operations with equal input and output.
 */
export class Transitions<State, Input, Output> {
  readonly initial: number;
  readonly #model: Model<State, Input, Output>;
  readonly #states: Interner<State>;
  readonly #inputs: readonly Input[];
  readonly #outputs: readonly (Output | undefined)[];
  readonly #branches: Int32Array[] = [];
  // Direct-mapped: one of the transitions that share a slot is remembered, the others are computed again.
  #memoBits = 10;
  #memo = new Int32Array(3 << 10).fill(IMPOSSIBLE);
  #misses = 0;

  /** `inputs` and `outputs` by class. */
  constructor(model: Model<State, Input, Output>, inputs: readonly Input[], outputs: readonly (Output | undefined)[]) {
    this.#model = model;
    this.#inputs = inputs;
    this.#outputs = outputs;
    const hash = model.hash?.bind(model) ?? (model.equal === undefined ? structuralHash : () => 0);
    this.#states = new Interner<State>(hash, model.equal?.bind(model));
    this.initial = this.#states.number(model.init);
  }

  /** States seen so far. */
  get count(): number {
    return this.#states.size;
  }

  /** The state of this number. */
  state(number: number): State {
    return this.#states.value(number);
  }

  /** The next state's number, `IMPOSSIBLE`, or a code below it that `branches` resolves to several states. */
  next(state: number, operationClass: number): number {
    const at = this.#slot(state, operationClass);
    if (this.#memo[at] === state && this.#memo[at + 1] === operationClass) return this.#memo[at + 2] as number;
    const next = this.#step(state, operationClass);
    if (++this.#misses > this.#memo.length && this.#memoBits < MEMO_BITS_MAX) this.#enlarge();
    const slot = this.#slot(state, operationClass);
    this.#memo[slot] = state;
    this.#memo[slot + 1] = operationClass;
    this.#memo[slot + 2] = next;
    return next;
  }

  /** The states behind a code below `IMPOSSIBLE`. */
  branches(code: number): Int32Array {
    return this.#branches[IMPOSSIBLE - 1 - code] as Int32Array;
  }

  #slot(state: number, operationClass: number): number {
    const hash = Math.imul(Math.imul(state, 0x9e37_79b1) ^ operationClass, 0x85eb_ca77);
    return (hash >>> (32 - this.#memoBits)) * 3;
  }

  #enlarge(): void {
    this.#memoBits += 2;
    this.#memo = new Int32Array(3 << this.#memoBits).fill(IMPOSSIBLE);
    this.#misses = 0;
  }

  #step(state: number, operationClass: number): number {
    const before = this.#states.value(state);
    const after = this.#model.step(before, this.#inputs[operationClass] as Input, this.#outputs[operationClass]);
    if (after === undefined) return IMPOSSIBLE;
    if (!(after instanceof PossibleStates)) return this.#states.number(after);
    const numbers = Int32Array.from(new Set(after.states.map((next) => this.#states.number(next))));
    if (numbers.length === 0) return IMPOSSIBLE;
    if (numbers.length === 1) return numbers[0] as number;
    this.#branches.push(numbers);
    return IMPOSSIBLE - this.#branches.length;
  }
}
