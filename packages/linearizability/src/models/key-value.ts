import type { Model } from '../model/model.js';
import { structurallyEqual } from '../model/structure.js';
import { keyValueRoles } from './key-value-roles.js';
import { show } from './show.js';

/** What is asked of a key-value store, one key an operation. `from: null` of a cas expects that there is no such key. */
export type KeyValueInput<Value> =
  | { readonly type: 'get'; readonly key: string }
  | { readonly type: 'put'; readonly key: string; readonly value: Value }
  | { readonly type: 'append'; readonly key: string; readonly value: Value }
  | { readonly type: 'delete'; readonly key: string }
  | { readonly type: 'cas'; readonly key: string; readonly from: Value | null; readonly to: Value };

/**
 * A get answers the value, or what the model gives for an absent key; put and append null; a cas whether it found `from`; a delete null, or
 * whether there was something to delete.
 */
export type KeyValueOutput<Value> = Value | boolean | null;

/** How a store behaves. */
export interface KeyValueOptions<Value> {
  /** What a get of an absent key answers: null, or for stores of strings perhaps the empty one. */
  readonly absent?: Value | null;
}

/**
 * A store of independent keys: get, put, append (of strings; to an absent key it is a put), delete and compare-and-set. Checked key by key.
 */
export function keyValue<Value extends {} = string>({ absent = null }: KeyValueOptions<Value> = {}): Model<
  Value | null,
  KeyValueInput<Value>,
  KeyValueOutput<Value>
> {
  return {
    name: 'key-value',
    init: absent,
    partition: (input) => input.key,
    step(state, input, output) {
      switch (input.type) {
        case 'get':
          return output === undefined || structurallyEqual(state, output) ? state : undefined;
        case 'put':
          return input.value;
        case 'append':
          return appended(state, input.value);
        case 'delete':
          if (typeof output === 'boolean' && output === structurallyEqual(state, absent)) return undefined;
          return absent;
        case 'cas': {
          const matches = structurallyEqual(state, input.from ?? absent);
          if (output !== undefined && output !== matches) return undefined;
          return matches ? input.to : state;
        }
      }
    },
    readOnly: (input, output) =>
      input.type === 'get' || (output === false && (input.type === 'cas' || input.type === 'delete')),
    uniqueWrites: (operations) => keyValueRoles(operations, absent),
    describe: describeKeyValue,
    describeState: show,
  };
}

/** Undefined where one of them is not a string: no store can have done it. */
function appended<Value>(state: Value | null, value: Value): Value | undefined {
  if (state === null) return value;
  if (typeof state !== 'string' || typeof value !== 'string') return undefined;
  return `${state as string}${value as string}` as Value;
}

function describeKeyValue<Value>(input: KeyValueInput<Value>, output: KeyValueOutput<Value> | undefined): string {
  switch (input.type) {
    case 'get':
      return `get → ${show(output)}`;
    case 'put':
    case 'append':
      return `${input.type} ${show(input.value)}`;
    case 'delete':
      return output === null ? 'delete' : `delete → ${show(output)}`;
    case 'cas':
      return `cas ${show(input.from)} ${show(input.to)} → ${show(output)}`;
  }
}
