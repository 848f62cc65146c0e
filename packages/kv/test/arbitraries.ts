import fc from 'fast-check';
import {
  ALL_KEYS,
  type Command,
  type Compare,
  type CompareRelation,
  type KeyRange,
  type Operation,
  prefixRange,
  putOperation,
  RANGE_END_OPEN,
  rangeOperation,
} from '../src/protocol.js';
import { bytes } from './naive-store.js';

/** Few keys, so that they meet: prefixes of each other, a NUL, a 255. */
const KEYS = ['a', 'a\0', 'aa', 'ab', 'b', 'b\xff', 'c', '\xff', '\xff\xff', '\0'];

export const anyKey: fc.Arbitrary<Uint8Array> = fc.constantFrom(...KEYS).map(bytes);
export const anyValue: fc.Arbitrary<Uint8Array> = fc.constantFrom('', 'x', 'y', 'yy', 'z'.repeat(40)).map(bytes);
const anyEnd: fc.Arbitrary<Uint8Array | undefined> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: anyKey },
  { weight: 2, arbitrary: fc.constant(RANGE_END_OPEN) },
);
export const anyRange: fc.Arbitrary<KeyRange> = fc.record({ key: anyKey, end: anyEnd });
/** Ranges as watches have them: a key, a prefix, all keys, or any. */
export const anyWatchedRange: fc.Arbitrary<KeyRange> = fc.oneof(
  anyKey.map((key) => ({ key, end: undefined })),
  anyKey.map((key) => prefixRange(key)),
  fc.constant(ALL_KEYS),
  anyRange,
);
const smallRevision = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(30) });

export const anyRangeOperation = fc
  .record({
    range: anyRange,
    options: fc.record({
      revision: smallRevision,
      limit: fc.constantFrom(0, 0, 1, 2, 5),
      sortTarget: fc.constantFrom('key', 'key', 'version', 'create', 'mod', 'value'),
      sortOrder: fc.constantFrom('none', 'ascend', 'descend'),
      keysOnly: fc.boolean(),
      countOnly: fc.constantFrom(false, false, false, true),
      count: fc.constantFrom('total', 'returned'),
      minModRevision: smallRevision,
      maxModRevision: smallRevision,
      minCreateRevision: smallRevision,
      maxCreateRevision: smallRevision,
    } as const),
  })
  .map(({ range, options }) => rangeOperation(range, options));

export const anyPut = fc
  .record({
    key: anyKey,
    value: anyValue,
    prevKv: fc.boolean(),
    ignoreValue: fc.constantFrom(false, false, false, true),
  })
  .map(({ key, value, prevKv, ignoreValue }) =>
    putOperation(key, ignoreValue ? new Uint8Array(0) : value, { prevKv, ignoreValue }),
  );

export const anyDelete: fc.Arbitrary<Operation> = fc
  .record({ range: anyRange, prevKv: fc.boolean() })
  .map(({ range, prevKv }) => ({ kind: 'deleteRange', ...range, prevKv }));

const anyRelation = fc.constantFrom<CompareRelation>('equal', 'notEqual', 'greater', 'less');
export const anyCompare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    key: anyKey,
    end: anyEnd,
    relation: anyRelation,
    target: fc.constantFrom('version', 'create', 'mod'),
    operand: fc.nat(12),
  } as const),
  fc.record({
    key: anyKey,
    end: anyEnd,
    relation: anyRelation,
    target: fc.constant('value'),
    operand: anyValue,
  } as const),
);

/** Operations with transactions nested up to `depth` times. */
export function anyOperation(depth: number): fc.Arbitrary<Operation> {
  const simple: fc.Arbitrary<Operation>[] = [anyPut, anyRangeOperation, anyDelete];
  if (depth === 0) return fc.oneof(...simple);
  const members = fc.array(anyOperation(depth - 1), { maxLength: 4 });
  const txn = fc
    .record({ compares: fc.array(anyCompare, { maxLength: 2 }), success: members, failure: members })
    .map((branches): Operation => ({ kind: 'txn', ...branches }));
  return fc.oneof(...simple, txn);
}

/** A command of `keyspace`: mostly writes, some reads, now and then a compaction. */
export function anyCommand(keyspace: number = 1): fc.Arbitrary<Command> {
  return fc
    .oneof(
      { weight: 6, arbitrary: anyPut },
      { weight: 3, arbitrary: anyDelete },
      { weight: 3, arbitrary: anyRangeOperation },
      { weight: 5, arbitrary: anyOperation(2) },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 1, max: 30 }).map((revision) => ({ kind: 'compact', revision }) as const),
      },
    )
    .map((operation) => ({ keyspace, operation }));
}

/** Several keys in one revision: put, deleted, or put and then deleted by a nested transaction. */
export const anyWideWrite: fc.Arbitrary<Command> = fc
  .uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 6 })
  .chain((keys) => fc.tuple(...keys.map((key) => fc.tuple(fc.constant(bytes(key)), fc.nat(3)))))
  .map((writes) => {
    const success: Operation[] = writes.map(([key, kind]) =>
      kind === 0 ? { kind: 'deleteRange', key, end: undefined, prevKv: false } : putOperation(key, key),
    );
    const doomed = writes.filter(([, kind]) => kind === 1).map(([key]) => key);
    const putFirst: Operation = {
      kind: 'txn',
      compares: [],
      success: success.filter(({ kind }) => kind === 'put'),
      failure: [],
    };
    const thenDelete: Operation = {
      kind: 'txn',
      compares: [],
      success: doomed.map((key) => ({ kind: 'deleteRange', key, end: undefined, prevKv: false })),
      failure: [],
    };
    const others = success.filter(({ kind }) => kind !== 'put');
    return {
      keyspace: 1,
      operation: { kind: 'txn', compares: [], success: [...others, putFirst, thenDelete], failure: [] },
    };
  });
