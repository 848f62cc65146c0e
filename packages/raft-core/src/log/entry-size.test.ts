import { expect, test } from 'vitest';
import { EntryType, type Entry } from './entry.js';
import { countWithin, entrySize } from './entry-size.js';

const entry = (fields: Partial<Entry>): Entry => ({
  term: 1,
  index: 1,
  type: EntryType.Normal,
  data: new Uint8Array(0),
  ...fields,
});

test.each([
  ['nothing but term and index', {}, 4],
  ['a type', { type: EntryType.ConfChangeV2 }, 6],
  ['a payload', { data: new Uint8Array(3) }, 9],
  ['a payload with a long length', { data: new Uint8Array(300) }, 307],
  ['a long term', { term: 128 }, 5],
  ['an index beyond 2^32', { index: 2 ** 35 }, 9],
  ['an index beyond 2^49', { index: 2 ** 50 }, 11],
] as const)('the bytes of an entry in protobuf: %s', (_, fields, size) => {
  expect(entrySize(entry(fields))).toBe(size);
});

test('the first entry always fits', () => {
  const entries = [1, 2, 3].map((index) => entry({ index, data: new Uint8Array(100) }));
  const one = entrySize(entry({ data: new Uint8Array(100) }));
  expect(countWithin(entries, 0, 3, 0)).toBe(1);
  expect(countWithin(entries, 0, 3, 2 * one - 1)).toBe(1);
  expect(countWithin(entries, 0, 3, 2 * one)).toBe(2);
  expect(countWithin(entries, 1, 3, Infinity)).toBe(2);
  expect(countWithin(entries, 1, 1, 5)).toBe(0);
});
