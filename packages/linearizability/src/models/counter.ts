import type { Model } from '../model/model.js';
import { show } from './show.js';

/** What is asked of a counter. `add-and-get` answers the sum. */
export type CounterInput =
  | { readonly type: 'add' | 'add-and-get'; readonly amount: number }
  | { readonly type: 'read' };

/** A read and an add-and-get answer the count, an add null. */
export type CounterOutput = number | null;

/** A counter that is added to, from zero. */
export function counter(): Model<number, CounterInput, CounterOutput> {
  return {
    name: 'counter',
    init: 0,
    step(state, input, output) {
      const after = input.type === 'read' ? state : state + input.amount;
      return input.type === 'add' || output === undefined || output === after ? after : undefined;
    },
    readOnly: (input) => input.type === 'read' || input.amount === 0,
    describe(input, output) {
      if (input.type === 'read') return `read → ${show(output)}`;
      return input.type === 'add' ? `add ${input.amount}` : `add ${input.amount} → ${show(output)}`;
    },
    describeState: show,
  };
}
