import type { UniqueWriteRole } from '../unique-writes/role.js';

/** Several states that an operation may lead to: what `step` gives where the object is free to choose. */
export class PossibleStates<State> {
  readonly states: readonly State[];

  constructor(states: readonly State[]) {
    this.states = states;
  }
}

/** Any of these states may be the next one; none at all means that the operation is not possible here. */
export function anyOf<State>(states: readonly State[]): PossibleStates<State> {
  return new PossibleStates(states);
}

/**
 * A sequential object: what each operation answers when there is no concurrency at all. States, inputs and outputs are immutable and never
 * undefined. `step` must be a pure function.
 */
export interface Model<State, Input, Output> {
  /** Shown in pictures. */
  readonly name?: string;
  readonly init: State;
  /**
   * The state after the operation; undefined where the object, in this state, could not have given this output. `output` is undefined when
   * the answer is unknown: then the step must allow whatever the object may answer.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined | PossibleStates<State>;
  /**
   * The independent part of the object that the input touches, such as a key. A history is linearizable if and only if each part's is
   * (Herlihy and Wing, locality), which turns one search into many small ones. If any operation has undefined, the history is not split.
   */
  partition?(input: Input): string | undefined;
  /** Whether two states are the same. Without it, states are compared by structure: primitives, arrays, plain objects, maps, sets, bytes. */
  equal?(left: State, right: State): boolean;
  /** 32 bits that are equal for equal states. Needed beside `equal`; without it all states share one bucket. */
  hash?(state: State): number;
  /**
   * Whether the operation leaves every state as it is. A promise that the search relies on (and checks): such an operation is linearized as
   * soon as its answer fits, with no alternative tried.
   */
  readOnly?(input: Input, output: Output | undefined): boolean;
  /**
   * For objects that are overwritten or appended to with values that are never written twice: the role of each operation of one partition.
   * Undefined unless the roles say exactly what `step` says. A history that has them is decided in near-linear time.
   */
  uniqueWrites?(operations: readonly ModelOperation<Input, Output>[]): readonly UniqueWriteRole[] | undefined;
  /** An operation in few characters, for pictures. */
  describe?(input: Input, output: Output | undefined): string;
  /** A state in few characters, for pictures. */
  describeState?(state: State): string;
}

/** An operation without its times. */
export interface ModelOperation<Input, Output> {
  readonly input: Input;
  /** Undefined when the answer is unknown. */
  readonly output: Output | undefined;
}

/** A model broke its promises: a read-only operation changed the state. */
export class ModelContradiction extends Error {
  override readonly name = 'ModelContradiction';
}
