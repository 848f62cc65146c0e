import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeSnapshotStreamAnswer,
  decodeSnapshotStreamHeader,
  encodeSnapshotStreamAnswer,
  encodeSnapshotStreamHeader,
  type SnapshotStreamAnswer,
  type SnapshotStreamHeader,
} from '../index.js';
import { count, message, mutated } from '../testdata/arbitraries.js';

const SNAP = 7;
const snapMessage = message.filter((each) => each.type === SNAP).map((each) => ({ ...each, entries: [] }));

const header: fc.Arbitrary<SnapshotStreamHeader> = fc
  .record({
    clusterEpoch: count,
    group: count,
    incarnation: count,
    message: snapMessage,
    size: count,
    checksum: fc.integer({ min: 0, max: 0xffff_ffff }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ at, ...rest }) => ({ ...rest, offset: Math.floor(rest.size * at) }));

const answer: fc.Arbitrary<SnapshotStreamAnswer> = fc.record({
  status: fc.constantFrom('installed', 'resume', 'refused'),
  term: count,
  offset: count,
  error: fc.uint8Array(),
});

describe('a snapshot’s stream', () => {
  test('its header comes back as it was', () => {
    fc.assert(
      fc.property(header, (each) => {
        expect(decodeSnapshotStreamHeader(encodeSnapshotStreamHeader(each))).toEqual(each);
      }),
    );
  });

  test('its answer comes back as it was', () => {
    fc.assert(
      fc.property(answer, (each) => {
        expect(decodeSnapshotStreamAnswer(encodeSnapshotStreamAnswer(each))).toEqual(each);
      }),
    );
  });

  test('any bytes, and changed ones, decode or are refused with a typed error', () => {
    const some = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      mutated(header.map(encodeSnapshotStreamHeader)),
      mutated(answer.map(encodeSnapshotStreamAnswer)),
    );
    fc.assert(
      fc.property(some, (bytes) => {
        for (const decode of [decodeSnapshotStreamHeader, decodeSnapshotStreamAnswer]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(isFlotillaError(error, 'MalformedFrame') || isFlotillaError(error, 'IncompatibleVersion')).toBe(
              true,
            );
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('begins within its content, and carries MsgSnap and nothing else', () => {
    const [good] = fc.sample(header, 1);
    if (good === undefined) throw new Error('no sample');
    const beyond = encodeSnapshotStreamHeader({ ...good, size: 5, offset: 6 });
    expect(() => decodeSnapshotStreamHeader(beyond)).toThrow('begins at 6 of 5 bytes');
    const other = { ...good.message, type: 3 as const, snapshot: undefined };
    expect(() => encodeSnapshotStreamHeader({ ...good, message: other })).toThrow('a message of kind 3');
  });
});
