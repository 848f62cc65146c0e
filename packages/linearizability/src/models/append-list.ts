import { structurallyEqual } from '../model/structure.js';
import type { Model, ModelOperation } from '../model/model.js';
import { INITIAL, type UniqueWriteRole } from '../unique-writes/role.js';
import { ValueNumbers } from '../unique-writes/value-numbers.js';
import { show } from './show.js';

/** What is asked of a list that only grows. */
export type AppendListInput<Value> = { readonly type: 'append'; readonly value: Value } | { readonly type: 'read' };

/** A read answers the whole list, an append null. */
export type AppendListOutput<Value> = readonly Value[] | null;

/**
 * A list that is appended to and read as a whole. With values that are appended once only, each read tells the order of all appends before
 * it, and long histories are decided in linear time.
 */
export function appendList<Value extends {}>(): Model<
  readonly Value[],
  AppendListInput<Value>,
  AppendListOutput<Value>
> {
  return {
    name: 'append list',
    init: [],
    step(state, input, output) {
      if (input.type === 'append') return [...state, input.value];
      return output === undefined || structurallyEqual(state, output) ? state : undefined;
    },
    readOnly: (input) => input.type === 'read',
    uniqueWrites: rolesOf,
    describe: (input, output) => (input.type === 'read' ? `read → ${show(output)}` : `append ${show(input.value)}`),
    describeState: show,
  };
}

function rolesOf<Value extends {}>(
  operations: readonly ModelOperation<AppendListInput<Value>, AppendListOutput<Value>>[],
): readonly UniqueWriteRole[] | undefined {
  // No value of a list is null: the empty list, which nobody appends, gets the initial value's number.
  const numbers = new ValueNumbers<Value | null>(null);
  const written = operations.map(({ input }) => (input.type === 'append' ? numbers.written(input.value) : INITIAL));
  if (!numbers.areUnique) return undefined;
  return operations.map(({ input, output }, index): UniqueWriteRole => {
    if (input.type === 'append') return { kind: 'append', value: written[index] as number };
    if (output === undefined) return { kind: 'ignored' };
    if (output === null) return { kind: 'impossible' };
    return { kind: 'read', path: [INITIAL, ...output.map((value) => numbers.seen(value))] };
  });
}
