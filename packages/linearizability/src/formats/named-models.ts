import type { Model } from '../model/model.js';
import { appendList } from '../models/append-list.js';
import { compareAndSetRegister } from '../models/compare-and-set-register.js';
import { counter } from '../models/counter.js';
import { keyValue } from '../models/key-value.js';
import { mutex } from '../models/mutex.js';
import { queue } from '../models/queue.js';
import { register } from '../models/register.js';
import { set } from '../models/set.js';
import type { JsonValue } from './json-lines.js';

/** A model that files and command lines can name, with the shapes of what it may be asked and may answer. */
export interface NamedModel {
  readonly model: Model<unknown, unknown, unknown>;
  /** By `type` of the input: which other fields it has, and what a known output may be. */
  readonly operations: Readonly<Record<string, OperationShape>>;
}

/** Fields of an input beside `type`, and its output. */
export interface OperationShape {
  readonly fields: Readonly<Record<string, JsonShape>>;
  readonly output: JsonShape;
}

/** Kinds of JSON values: `value` is anything but null, `maybe` anything. */
export type JsonShape =
  | 'null'
  | 'boolean'
  | 'boolean-or-null'
  | 'number'
  | 'string'
  | 'string-or-number'
  | 'array'
  | 'value'
  | 'maybe';

const READ: OperationShape = { fields: {}, output: 'maybe' };
const WRITE: OperationShape = { fields: { value: 'value' }, output: 'null' };

/** All ready models, by name. */
export const NAMED_MODELS: Readonly<Record<string, NamedModel>> = {
  register: { model: register<{}>(), operations: { read: READ, write: WRITE } },
  'compare-and-set-register': {
    model: compareAndSetRegister<{}>(),
    operations: { read: READ, write: WRITE, cas: { fields: { from: 'maybe', to: 'value' }, output: 'boolean' } },
  },
  'key-value': {
    model: keyValue<{}>(),
    operations: {
      get: { fields: { key: 'string' }, output: 'maybe' },
      put: { fields: { key: 'string', value: 'value' }, output: 'null' },
      append: { fields: { key: 'string', value: 'string' }, output: 'null' },
      delete: { fields: { key: 'string' }, output: 'boolean-or-null' },
      cas: { fields: { key: 'string', from: 'maybe', to: 'value' }, output: 'boolean' },
    },
  },
  'append-list': {
    model: appendList<{}>(),
    operations: { append: WRITE, read: { fields: {}, output: 'array' } },
  },
  queue: { model: queue<{}>(), operations: { enqueue: WRITE, dequeue: READ } },
  counter: {
    model: counter(),
    operations: {
      read: { fields: {}, output: 'number' },
      add: { fields: { amount: 'number' }, output: 'null' },
      'add-and-get': { fields: { amount: 'number' }, output: 'number' },
    },
  },
  set: {
    model: set(),
    operations: {
      read: { fields: {}, output: 'array' },
      add: { fields: { value: 'string-or-number' }, output: 'boolean-or-null' },
      remove: { fields: { value: 'string-or-number' }, output: 'boolean-or-null' },
      contains: { fields: { value: 'string-or-number' }, output: 'boolean' },
    },
  },
  mutex: {
    model: mutex(),
    operations: {
      acquire: { fields: { owner: 'string-or-number' }, output: 'boolean-or-null' },
      release: { fields: { owner: 'string-or-number' }, output: 'boolean-or-null' },
    },
  },
};

/** What is wrong with an input, and with its output where that is known; undefined if nothing is. */
export function misfit(
  { operations }: NamedModel,
  input: JsonValue,
  output: JsonValue | undefined,
): string | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return 'the input is not an object';
  const fields = new Map<string, JsonValue>(Object.entries(input));
  const type = fields.get('type');
  const shape = typeof type === 'string' && Object.hasOwn(operations, type) ? operations[type] : undefined;
  if (shape === undefined) return `the input's "type" is none of ${Object.keys(operations).join(', ')}`;
  for (const [name, wanted] of Object.entries(shape.fields)) {
    const value = fields.get(name);
    if (value === undefined || !fits(value, wanted)) return `the input's "${name}" is not ${described(wanted)}`;
  }
  if (output !== undefined && !fits(output, shape.output)) return `the output is not ${described(shape.output)}`;
  return undefined;
}

function fits(value: JsonValue, shape: JsonShape): boolean {
  switch (shape) {
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'boolean-or-null':
      return value === null || typeof value === 'boolean';
    case 'number':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'string-or-number':
      return typeof value === 'string' || typeof value === 'number';
    case 'array':
      return Array.isArray(value);
    case 'value':
      return value !== null;
    case 'maybe':
      return true;
  }
}

function described(shape: JsonShape): string {
  if (shape === 'value') return 'a value';
  if (shape === 'maybe') return 'there';
  return shape === 'null' ? 'null' : `a ${shape.replaceAll('-', ' ')}`;
}
