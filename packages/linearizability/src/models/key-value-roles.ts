import type { ModelOperation } from '../model/model.js';
import { INITIAL, type UniqueWriteRole } from '../unique-writes/role.js';
import { ValueNumbers } from '../unique-writes/value-numbers.js';
import type { KeyValueInput, KeyValueOutput } from './key-value.js';

type KeyOperation<Value> = ModelOperation<KeyValueInput<Value>, KeyValueOutput<Value>>;

/**
 * The roles of the operations on one key, where they say all: no delete, no failed cas, no value written twice; and where there are appends,
 * no written string begins another, so that what was read falls apart into what was written in one way only.
 */
export function keyValueRoles<Value>(
  operations: readonly KeyOperation<Value>[],
  absent: Value | null,
): readonly UniqueWriteRole[] | undefined {
  const numbers = new ValueNumbers<KeyValueOutput<Value>>(absent);
  const written: number[] = [];
  let appends = false;
  for (const { input, output } of operations) {
    if (input.type === 'delete' || (input.type === 'cas' && output === false)) return undefined;
    appends ||= input.type === 'append';
    if (input.type === 'get') written.push(INITIAL);
    else written.push(numbers.written(input.type === 'cas' ? input.to : input.value));
  }
  if (!numbers.areUnique) return undefined;
  const pathOf = appends
    ? pathsOfStrings(operations, written, absent)
    : (value: KeyValueOutput<Value>) => [numbers.seen(value)];
  if (pathOf === undefined) return undefined;
  return operations.map(({ input, output }, index): UniqueWriteRole => {
    const value = written[index] as number;
    switch (input.type) {
      case 'put':
        return { kind: 'write', value };
      case 'append':
        return { kind: 'append', value };
      case 'cas': {
        const path = pathOf(input.from ?? absent);
        if (path !== undefined) return { kind: 'replace', path, value };
        // Whoever never answered, and waits for what never was, did nothing.
        return output === undefined ? { kind: 'ignored' } : { kind: 'impossible' };
      }
      default: {
        if (output === undefined) return { kind: 'ignored' };
        const path = pathOf(output);
        return path === undefined ? { kind: 'impossible' } : { kind: 'read', path };
      }
    }
  });
}

type PathOf<Value> = (value: KeyValueOutput<Value>) => readonly number[] | undefined;

function pathsOfStrings<Value>(
  operations: readonly KeyOperation<Value>[],
  written: readonly number[],
  absent: Value | null,
): PathOf<Value> | undefined {
  if (absent !== null && absent !== '') return undefined;
  const pieces = new Map<string, number>();
  const appended = new Set<number>();
  for (const [index, { input }] of operations.entries()) {
    if (input.type === 'get' || input.type === 'delete') continue;
    const text = input.type === 'cas' ? input.to : input.value;
    if (typeof text !== 'string' || text === '') return undefined;
    pieces.set(text, written[index] as number);
    if (input.type === 'append') appended.add(written[index] as number);
  }
  if (!isPrefixFree([...pieces.keys()])) return undefined;
  const lengths = [...new Set([...pieces.keys()].map((text) => text.length))];
  return (value) => {
    if (value === absent) return [INITIAL];
    if (typeof value !== 'string' || value === '') return undefined;
    const path: number[] = [];
    for (let at = 0; at < value.length;) {
      const length = lengths.find((candidate) => pieces.has(value.slice(at, at + candidate)));
      if (length === undefined) return undefined;
      path.push(pieces.get(value.slice(at, at + length)) ?? INITIAL);
      at += length;
    }
    return appended.has(path[0] ?? INITIAL) ? [INITIAL, ...path] : path;
  };
}

function isPrefixFree(texts: readonly string[]): boolean {
  // In order by code unit, what begins with a text follows it at once.
  const sorted = texts.toSorted((left, right) => (left < right ? -1 : 1));
  return sorted.every((text, place) => place === 0 || !text.startsWith(sorted[place - 1] ?? text));
}
