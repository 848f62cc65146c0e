import { describe, expect, test } from 'vitest';
import {
  asConfChangeV2,
  decodeConfChange,
  decodeConfChangeV2,
  encodeConfChange,
  encodeConfChangeV2,
  transitionOf,
} from './codec.js';
import { ConfChangeTransition, ConfChangeType, type ConfChange, type ConfChangeV2 } from './conf-change.js';

const NO_BYTES = new Uint8Array(0);
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const v1 = (fields: Partial<ConfChange>): ConfChange => ({
  kind: 'v1',
  type: ConfChangeType.AddNode,
  nodeId: 1,
  context: NO_BYTES,
  ...fields,
});
const v2 = (fields: Partial<ConfChangeV2>): ConfChangeV2 => ({
  kind: 'v2',
  transition: ConfChangeTransition.Auto,
  changes: [],
  context: NO_BYTES,
  ...fields,
});

describe("etcd/raft's bytes", () => {
  test.each([
    [v1({ nodeId: 3 }), bytes(0x10, 0, 0x18, 3)],
    [v1({ type: ConfChangeType.RemoveNode, nodeId: 300 }), bytes(0x10, 1, 0x18, 0xac, 2)],
    [v1({ context: bytes(9, 8) }), bytes(0x10, 0, 0x18, 1, 0x22, 2, 9, 8)],
  ])('single %#', (change, encoded) => {
    expect(encodeConfChange(change)).toEqual(encoded);
    expect(decodeConfChange(encoded)).toEqual(change);
  });

  test.each([
    [v2({}), bytes(0x08, 0)],
    [
      v2({
        transition: ConfChangeTransition.JointExplicit,
        changes: [
          { type: ConfChangeType.AddLearnerNode, nodeId: 2 },
          { type: ConfChangeType.RemoveNode, nodeId: 1 },
        ],
        context: bytes(7),
      }),
      bytes(0x08, 2, 0x12, 4, 0x08, 3, 0x10, 2, 0x12, 4, 0x08, 1, 0x10, 1, 0x1a, 1, 7),
    ],
  ])('of any size %#', (change, encoded) => {
    expect(encodeConfChangeV2(change)).toEqual(encoded);
    expect(decodeConfChangeV2(encoded)).toEqual(change);
  });

  test('no bytes leave a joint configuration', () => {
    expect(decodeConfChangeV2(NO_BYTES)).toEqual(v2({}));
  });

  test('fields of later versions are passed over', () => {
    expect(decodeConfChange(bytes(0x08, 5, 0x18, 3, 0x2a, 2, 1, 1, 0x31, 1, 2, 3, 4, 5, 6, 7, 8))).toEqual(
      v1({ nodeId: 3 }),
    );
  });

  test('node ids are exact up to 2^53 - 1, and refused beyond', () => {
    const nodeId = Number.MAX_SAFE_INTEGER;
    expect(decodeConfChange(encodeConfChange(v1({ nodeId })))).toEqual(v1({ nodeId }));
    const beyond = bytes(0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    expect(decodeConfChange(beyond)).toEqual({ kind: 'malformed', reason: 'bad-number' });
  });
});

describe('malformed bytes are an answer, never a throw', () => {
  test.each([
    ['a number without end', bytes(0x18, 0x80), 'truncated'],
    ['a context that is cut off', bytes(0x22, 5, 1), 'truncated'],
    ['a length of 2^40', bytes(0x22, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20), 'truncated'],
    ['an unknown type', bytes(0x10, 9), 'unknown-type'],
    ['a wrong wire type', bytes(0x12, 1, 1), 'bad-field'],
    ['field 0', bytes(0x00, 1), 'bad-field'],
    ['a group', bytes(0x33), 'bad-field'],
  ])('%s', (_, encoded, reason) => {
    expect(decodeConfChange(encoded)).toEqual({ kind: 'malformed', reason });
  });

  test('every byte string is either a change that encodes again, or malformed', () => {
    let seed = 1;
    const next = (): number => (seed = (seed * 48_271) % 2_147_483_647);
    for (let round = 0; round < 5000; round++) {
      const encoded = Uint8Array.from({ length: next() % 12 }, () => next() % 48);
      const first = decodeConfChange(encoded);
      if (first.kind === 'v1') expect(decodeConfChange(encodeConfChange(first))).toEqual(first);
      const second = decodeConfChangeV2(encoded);
      if (second.kind === 'v2') expect(decodeConfChangeV2(encodeConfChangeV2(second))).toEqual(second);
    }
  });

  test('what cannot be encoded is a bug of the caller', () => {
    expect(() => encodeConfChange(v1({ nodeId: -1 }))).toThrow('not an unsigned safe integer');
    expect(() => encodeConfChange(v1({ type: 9 as ConfChangeType }))).toThrow('no kind of membership change');
    expect(() => encodeConfChangeV2(v2({ transition: 9 as ConfChangeTransition }))).toThrow('no kind of transition');
  });
});

test('one change goes straight, several go through a joint configuration, none leaves it', () => {
  const one = [{ type: ConfChangeType.AddNode, nodeId: 1 }];
  const { JointImplicit, JointExplicit } = ConfChangeTransition;
  expect(transitionOf(asConfChangeV2(v1({})))).toBe('simple');
  expect(transitionOf(v2({ changes: one }))).toBe('simple');
  expect(transitionOf(v2({ changes: [...one, ...one] }))).toBe('enter-joint-auto-leave');
  expect(transitionOf(v2({ changes: one, transition: JointImplicit }))).toBe('enter-joint-auto-leave');
  expect(transitionOf(v2({ changes: [...one, ...one], transition: JointExplicit }))).toBe('enter-joint');
  expect(transitionOf(v2({}))).toBe('leave-joint');
});
