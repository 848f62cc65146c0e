import { structurallyEqual } from '../model/structure.js';
import type { Model } from '../model/model.js';
import { show } from './show.js';

/** What is asked of a set. */
export type SetInput<Value> =
  | { readonly type: 'add' | 'remove' | 'contains'; readonly value: Value }
  | { readonly type: 'read' };

/** A read answers all elements in any order, contains true or false, add and remove null or whether they changed the set. */
export type SetOutput<Value> = readonly Value[] | boolean | null;

/** A set of strings or numbers. */
export function set<Value extends string | number>(): Model<ReadonlySet<Value>, SetInput<Value>, SetOutput<Value>> {
  return {
    name: 'set',
    init: new Set(),
    step(state, input, output) {
      if (input.type === 'read') return output === undefined || isContent(output, state) ? state : undefined;
      const has = state.has(input.value);
      const answer = input.type === 'add' ? !has : has;
      if (typeof output === 'boolean' && output !== answer) return undefined;
      if (input.type === 'contains' || !answer) return state;
      const after = new Set(state);
      if (input.type === 'add') after.add(input.value);
      else after.delete(input.value);
      return after;
    },
    readOnly: (input, output) => input.type === 'read' || input.type === 'contains' || output === false,
    describe(input, output) {
      if (input.type === 'read') return `read → ${show(output)}`;
      return `${input.type} ${show(input.value)}${typeof output === 'boolean' ? ` → ${output}` : ''}`;
    },
    describeState: (state) => show([...state]),
  };
}

function isContent<Value>(output: unknown, state: ReadonlySet<Value>): boolean {
  return Array.isArray(output) && output.length === state.size && structurallyEqual(new Set(output), state);
}
