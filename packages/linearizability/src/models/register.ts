import { structurallyEqual } from '../model/structure.js';
import type { Model, ModelOperation } from '../model/model.js';
import type { UniqueWriteRole } from '../unique-writes/role.js';
import { ValueNumbers } from '../unique-writes/value-numbers.js';
import { show } from './show.js';

/** What is asked of a register. */
export type RegisterInput<Value> = { readonly type: 'read' } | { readonly type: 'write'; readonly value: Value };

/** A read answers the value (null before the first write, unless the model says otherwise), a write null. */
export type RegisterOutput<Value> = Value | null;

/** A register that is read and written. `initial` is what it holds at first. */
export function register<Value extends {}>(
  initial: Value | null = null,
): Model<Value | null, RegisterInput<Value>, RegisterOutput<Value>> {
  return {
    name: 'register',
    init: initial,
    step(state, input, output) {
      if (input.type === 'write') return input.value;
      return output === undefined || structurallyEqual(state, output) ? state : undefined;
    },
    readOnly: (input) => input.type === 'read',
    uniqueWrites: (operations) => rolesOf(operations, initial),
    describe: (input, output) => (input.type === 'read' ? `read → ${show(output)}` : `write ${show(input.value)}`),
    describeState: show,
  };
}

function rolesOf<Value>(
  operations: readonly ModelOperation<RegisterInput<Value>, RegisterOutput<Value>>[],
  initial: Value | null,
): readonly UniqueWriteRole[] | undefined {
  const numbers = new ValueNumbers<Value | null>(initial);
  const written = operations.map(({ input }) => (input.type === 'write' ? numbers.written(input.value) : 0));
  if (!numbers.areUnique) return undefined;
  return operations.map(({ input, output }, index) => {
    if (input.type === 'write') return { kind: 'write', value: written[index] as number };
    return output === undefined ? { kind: 'ignored' } : { kind: 'read', path: [numbers.seen(output)] };
  });
}
