import { structurallyEqual } from '../model/structure.js';
import type { Model } from '../model/model.js';
import { show } from './show.js';

/** What is asked of a queue. */
export type QueueInput<Value> = { readonly type: 'enqueue'; readonly value: Value } | { readonly type: 'dequeue' };

/** A dequeue answers what it took, null when the queue was empty; an enqueue null. */
export type QueueOutput<Value> = Value | null;

/** A queue, first in first out. */
export function queue<Value extends {}>(): Model<readonly Value[], QueueInput<Value>, QueueOutput<Value>> {
  return {
    name: 'queue',
    init: [],
    step(state, input, output) {
      if (input.type === 'enqueue') return [...state, input.value];
      if (output !== undefined && !structurallyEqual(state[0] ?? null, output)) return undefined;
      return state.length === 0 ? state : state.slice(1);
    },
    readOnly: (input, output) => input.type === 'dequeue' && output === null,
    describe: (input, output) =>
      input.type === 'enqueue' ? `enqueue ${show(input.value)}` : `dequeue → ${show(output)}`,
    describeState: show,
  };
}
