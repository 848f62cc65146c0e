import { toHex } from '@flotilla/bytes';
import { initialRoutingTable, type NodeInfo, EMPTY_TOPOLOGY, withNode } from '@flotilla/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClusterChange, decodeMetadataEntry, encodeMetadataEntry, type MetadataEntry } from './metadata-entry.js';

const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex);
const id = fc.integer({ min: 1, max: 2 ** 40 });
const ids = fc.uniqueArray(id, { maxLength: 6 }).map((list) => list.toSorted((a, b) => a - b));
const index = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const request = fc.record({
  id: fc.nat(),
  name: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
  incarnation: hex(8),
  voter: fc.boolean(),
  versions: fc.record({ min: fc.nat({ max: 0xffff }), max: fc.nat({ max: 0xffff }) }),
  addresses: fc.array(fc.string({ maxLength: 40 }), { maxLength: 4 }),
  spkiPins: fc.array(hex(32), { maxLength: 2 }),
});

const change: fc.Arbitrary<ClusterChange> = fc.oneof(
  fc
    .record({ kind: fc.constant('admit' as const), request, learnerOf: ids })
    .map((each) => ({ kind: 'topology' as const, change: each })),
  fc
    .record({ kind: fc.constant('activate' as const), node: id, incarnation: hex(8) })
    .map((each) => ({ kind: 'topology' as const, change: each })),
  fc
    .record({ kind: fc.constant('reserve' as const), node: fc.nat() })
    .map((each) => ({ kind: 'topology' as const, change: each })),
  fc
    .record({ kind: fc.constant('drain' as const), node: id, replacement: fc.nat(), reachable: ids })
    .map((each) => ({ kind: 'topology' as const, change: each })),
  fc
    .record({ kind: fc.constant('decommission' as const), node: id })
    .map((each) => ({ kind: 'topology' as const, change: each })),
  fc
    .record({
      kind: fc.constant('pin' as const),
      node: id,
      add: fc.array(hex(32), { maxLength: 2 }),
      remove: fc.array(hex(32), { maxLength: 2 }),
    })
    .map((each) => ({ kind: 'topology' as const, change: each })),
  fc
    .record({ kind: fc.constant('move-vshard' as const), vshard: fc.nat({ max: 1023 }), group: id })
    .map((each) => ({ kind: 'routing' as const, change: each })),
  fc
    .record({ group: fc.nat(), incarnation: index, confIndex: index, voters: ids, learners: ids })
    .map((membership) => ({ kind: 'membership' as const, membership })),
);

const node: NodeInfo = {
  id: 1,
  name: 'one',
  addresses: ['mem://a:1'],
  state: 'active',
  incarnation: '0123456789abcdef',
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: [],
};

const entry: fc.Arbitrary<MetadataEntry> = fc.oneof(
  change,
  fc.record({ kind: fc.constant('epoch-bump' as const), node: id }),
  fc.record({ kind: fc.constant('user' as const), command: fc.uint8Array({ maxLength: 50 }) }),
  fc.record({ kind: fc.constant('batch' as const), changes: fc.array(change, { maxLength: 5 }) }),
  hex(16).map((clusterId) => ({
    kind: 'found' as const,
    clusterId,
    replicationFactor: 3,
    topology: withNode(EMPTY_TOPOLOGY, node),
    routing: initialRoutingTable({ nodes: [1], dataGroups: 2, replicationFactor: 3 }),
  })),
);

describe('commands of group 0', () => {
  test('decoding what was encoded gives it back', () => {
    fc.assert(
      fc.property(entry, (each) => {
        expect(decodeMetadataEntry(encodeMetadataEntry(each))).toEqual(each);
      }),
    );
  });

  test('any other bytes are refused with a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeMetadataEntry(bytes);
        } catch (error) {
          expect(error).toMatchObject({
            name: 'FlotillaError',
            code: expect.stringMatching(/^(MalformedFrame|IncompatibleVersion)$/),
          });
        }
      }),
    );
  });

  test('a command cut short or with bytes left over is refused', () => {
    fc.assert(
      fc.property(entry, fc.nat(), (each, cut) => {
        const bytes = encodeMetadataEntry(each);
        expect(() => decodeMetadataEntry(bytes.subarray(0, cut % bytes.length))).toThrow(/MalformedFrame/);
        expect(() => decodeMetadataEntry(new Uint8Array([...bytes, 0]))).toThrow(/MalformedFrame/);
      }),
    );
  });

  test('a command of a later version is not taken for an old one', () => {
    const bytes = encodeMetadataEntry({ kind: 'epoch-bump', node: 1 });
    bytes[0] = 2;
    expect(() => decodeMetadataEntry(bytes)).toThrow(/IncompatibleVersion/);
  });

  test('a batch holds changes only: neither batches nor commands for the applier', () => {
    const user = encodeMetadataEntry({ kind: 'user', command: new Uint8Array([1]) });
    const batch = encodeMetadataEntry({ kind: 'batch', changes: [] });
    const nested = new Uint8Array([batch[0] ?? 0, batch[1] ?? 0, 1, ...user.subarray(1)]);
    expect(() => decodeMetadataEntry(nested)).toThrow(/MalformedFrame/);
  });
});
