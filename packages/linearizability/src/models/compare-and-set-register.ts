import { structurallyEqual } from '../model/structure.js';
import type { Model, ModelOperation } from '../model/model.js';
import type { UniqueWriteRole } from '../unique-writes/role.js';
import { ValueNumbers } from '../unique-writes/value-numbers.js';
import type { RegisterInput } from './register.js';
import { show } from './show.js';

/** What is asked of a register with compare-and-set. */
export type CompareAndSetInput<Value> =
  | RegisterInput<Value>
  | { readonly type: 'cas'; readonly from: Value | null; readonly to: Value };

/**
 * A read answers the value, a write null, a compare-and-set whether it found `from`. False is an observation as good as any: at some instant
 * of the call the register held something else.
 */
export type CompareAndSetOutput<Value> = Value | boolean | null;

/** A register that is read, written, and written if it holds what is expected. */
export function compareAndSetRegister<Value extends {}>(
  initial: Value | null = null,
): Model<Value | null, CompareAndSetInput<Value>, CompareAndSetOutput<Value>> {
  return {
    name: 'compare-and-set register',
    init: initial,
    step(state, input, output) {
      if (input.type === 'write') return input.value;
      if (input.type === 'read') return output === undefined || structurallyEqual(state, output) ? state : undefined;
      const matches = structurallyEqual(state, input.from);
      if (output !== undefined && output !== matches) return undefined;
      return matches ? input.to : state;
    },
    readOnly: (input, output) => input.type === 'read' || (input.type === 'cas' && output === false),
    uniqueWrites: (operations) => rolesOf(operations, initial),
    describe(input, output) {
      if (input.type === 'read') return `read → ${show(output)}`;
      if (input.type === 'write') return `write ${show(input.value)}`;
      return `cas ${show(input.from)} ${show(input.to)} → ${show(output)}`;
    },
    describeState: show,
  };
}

/** A failed compare-and-set says what the register did not hold, which roles cannot say. */
function rolesOf<Value>(
  operations: readonly ModelOperation<CompareAndSetInput<Value>, CompareAndSetOutput<Value>>[],
  initial: Value | null,
): readonly UniqueWriteRole[] | undefined {
  const numbers = new ValueNumbers<CompareAndSetOutput<Value>>(initial);
  const written: number[] = [];
  for (const { input, output } of operations) {
    if (input.type === 'cas' && output === false) return undefined;
    if (input.type === 'read') written.push(0);
    else written.push(numbers.written(input.type === 'write' ? input.value : input.to));
  }
  if (!numbers.areUnique) return undefined;
  return operations.map(({ input, output }, index): UniqueWriteRole => {
    const value = written[index] as number;
    if (input.type === 'write') return { kind: 'write', value };
    if (input.type === 'cas') return { kind: 'replace', path: [numbers.seen(input.from)], value };
    return output === undefined ? { kind: 'ignored' } : { kind: 'read', path: [numbers.seen(output)] };
  });
}
