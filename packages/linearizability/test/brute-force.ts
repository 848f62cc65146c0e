import { type History, isIndeterminate } from '../src/history/operation.js';
import { type Model, PossibleStates } from '../src/model/model.js';

/**
 * Tries every order of every choice of indeterminate operations, each set of them in each state once: slow, and too simple to be wrong.
 * States must be what JSON can say, or sets.
 */
export function isLinearizableByBruteForce<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): boolean {
  const returnAt = history.map((operation) => (isIndeterminate(operation) ? Infinity : operation.returnAt));
  const tried = new Set<string>();
  const extend = (state: State, left: readonly number[]): boolean => {
    if (left.every((index) => returnAt[index] === Infinity)) return true;
    const situation = JSON.stringify([left, state instanceof Set ? [...state].sort() : state]);
    if (tried.has(situation)) return false;
    tried.add(situation);
    const firstReturn = Math.min(...left.map((index) => returnAt[index] ?? Infinity));
    return left.some((index) => {
      const operation = history[index];
      if (operation === undefined || operation.callAt > firstReturn) return false;
      const after = model.step(state, operation.input, isIndeterminate(operation) ? undefined : operation.output);
      if (after === undefined) return false;
      const rest = left.filter((other) => other !== index);
      return (after instanceof PossibleStates ? after.states : [after]).some((next) => extend(next, rest));
    });
  };
  const parts = Map.groupBy(history.keys(), (index) => {
    const input = history[index]?.input;
    return input === undefined ? undefined : model.partition?.(input);
  });
  return [...parts.values()].every((indexes) => extend(model.init, indexes));
}
