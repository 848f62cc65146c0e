/** An operation whose answer came: its effect took place at one instant of the closed interval from `callAt` to `returnAt`. */
export interface CompletedOperation<Input, Output> {
  /** Who called: a client, a thread. Pictures draw a lane for each. */
  readonly process: string | number;
  /** Names the object that was operated on, where a history is of several independent ones. */
  readonly key?: string;
  readonly input: Input;
  /** Anything but undefined, which stands for an unknown answer; null where there is none to speak of. */
  readonly output: Output;
  /** Instants of one clock, in any unit; positions in a log will do. */
  readonly callAt: number;
  /** At or after `callAt`. */
  readonly returnAt: number;
}

/**
 * An operation whose outcome nobody knows: it may have taken effect at any instant from `callAt` on, long after its caller gave up, or never.
 */
export interface IndeterminateOperation<Input> {
  readonly process: string | number;
  readonly key?: string;
  readonly input: Input;
  readonly callAt: number;
  readonly indeterminate: true;
}

/** One call of one client. An operation that definitely never took effect is not part of a history. */
export type Operation<Input, Output> = CompletedOperation<Input, Output> | IndeterminateOperation<Input>;

/** What was seen of a concurrent object, in any order. */
export type History<Input, Output> = readonly Operation<Input, Output>[];

/** Whether the operation's outcome is unknown. */
export function isIndeterminate<Input, Output>(
  operation: Operation<Input, Output>,
): operation is IndeterminateOperation<Input> {
  return 'indeterminate' in operation;
}
