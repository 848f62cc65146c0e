import { checkTimes } from '../history/check-times.js';
import type { History } from '../history/operation.js';
import type { Model } from '../model/model.js';
import type { CheckOptions } from './budget.js';
import { RoundRobin } from './round-robin.js';
import type { Verdict } from './verdict.js';

/**
 * Whether the history of a concurrent object can be explained by one order of its operations, each taking effect at one instant between its
 * call and its return, that the sequential model accepts.
 * @throws {MalformedHistory} when the times of an operation make no sense.
 * @throws {UnusableBudget}
 */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  options: CheckOptions = {},
): Verdict<Input, Output> {
  checkTimes(history);
  const rounds = new RoundRobin(model, history, options);
  while (rounds.slice() === 'running');
  return rounds.verdict();
}

/** How to check without holding up everything else. */
export interface SlicedCheckOptions extends CheckOptions {
  /**
   * Called after each slice of some milliseconds; the check goes on when its promise resolves. Hand it a macrotask, such as
   * `() => new Promise((resolve) => setTimeout(resolve))`.
   */
  readonly pause: () => Promise<void>;
  /** Ends the check: partitions that are not decided by then are unknown, for the reason `aborted`. */
  readonly signal?: AbortSignal;
}

/**
 * As `checkLinearizability`, in slices. Aborting is not an error: what was decided until then is in the verdict.
 * @throws {MalformedHistory} when the times of an operation make no sense.
 * @throws {UnusableBudget}
 */
export async function checkLinearizabilityInSlices<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  options: SlicedCheckOptions,
): Promise<Verdict<Input, Output>> {
  checkTimes(history);
  const rounds = new RoundRobin(model, history, options);
  while (options.signal?.aborted !== true && rounds.slice() === 'running') await options.pause();
  if (options.signal?.aborted === true) rounds.abort();
  return rounds.verdict();
}
