import { fromHex, toHex } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClusterTopology,
  createRoutingTable,
  decodeNodeInfo,
  decodeRoutingTable,
  decodeTopology,
  EMPTY_ROUTING_TABLE,
  EMPTY_TOPOLOGY,
  encodeNodeInfo,
  encodeRoutingTable,
  encodeTopology,
  initialRoutingTable,
  type NodeInfo,
  type RoutingTable,
  withGroupMembership,
  withNode,
  withVshardMoved,
} from './index.js';
import { GOLDEN_V1 } from './testdata/golden-v1.js';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((each) => toHex(each));

const node: fc.Arbitrary<NodeInfo> = fc.record({
  id: fc.integer({ min: 1, max: 2 ** 40 }),
  name: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), { nil: undefined }),
  addresses: fc.array(
    fc.integer({ min: 1, max: 65_535 }).map((port) => `ws://10.0.0.1:${port}`),
    { maxLength: 4 },
  ),
  state: fc.constantFrom('joining', 'active', 'draining', 'decommissioned', 'learner'),
  incarnation: hex(8),
  voter: fc.boolean(),
  versions: fc.integer({ min: 1, max: 0xffff }).map((max) => ({ min: 1, max })),
  spkiPins: fc.array(hex(32), { maxLength: 2 }),
});

const topology: fc.Arbitrary<ClusterTopology> = fc
  .tuple(fc.uniqueArray(node, { maxLength: 8, selector: (each) => each.id }), fc.maxSafeNat(), fc.nat(1000))
  .map(([nodes, version, above]) => {
    const sorted = nodes.toSorted((a, b) => a.id - b.id);
    const lastNodeId = (sorted.at(-1)?.id ?? 0) + above;
    return { version, lastNodeId, nodes: new Map(sorted.map((each) => [each.id, each])) };
  });

const ids = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });

const table: fc.Arbitrary<RoutingTable> = fc
  .array(fc.tuple(ids, fc.nat(6), fc.maxSafeNat(), fc.maxSafeNat()), { minLength: 2, maxLength: 9 })
  .map((groups) =>
    createRoutingTable(
      groups.map(([members, split, incarnation, confIndex], group) => ({
        group,
        incarnation,
        confIndex,
        voters: members.slice(0, split).toSorted((a, b) => a - b),
        learners: members.slice(split).toSorted((a, b) => a - b),
      })),
      Array.from({ length: 1024 }, (_, vshard) => (vshard * 7) % groups.length),
    ),
  );

describe('byte forms come back as they were', () => {
  test('topologies, and single nodes', () => {
    fc.assert(
      fc.property(topology, (each) => {
        expect(decodeTopology(encodeTopology(each))).toEqual(each);
        for (const info of each.nodes.values()) expect(decodeNodeInfo(encodeNodeInfo(info))).toEqual(info);
      }),
    );
    expect(decodeTopology(encodeTopology(EMPTY_TOPOLOGY))).toEqual(EMPTY_TOPOLOGY);
  });

  test('routing tables', () => {
    fc.assert(
      fc.property(table, (each) => {
        expect(decodeRoutingTable(encodeRoutingTable(each))).toEqual(each);
      }),
      { numRuns: 30 },
    );
    expect(decodeRoutingTable(encodeRoutingTable(EMPTY_ROUTING_TABLE))).toEqual(EMPTY_ROUTING_TABLE);
  });
});

describe('a malformed part refuses the whole, with a typed error', () => {
  test('any bytes, and any change of some bytes', () => {
    const good = fc.oneof(topology.map(encodeTopology), table.map(encodeRoutingTable), node.map(encodeNodeInfo));
    const changed = fc
      .tuple(good, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([bytes, changes, cut]) => {
        const copy = bytes.slice();
        for (const [at, value] of changes) copy[at % copy.length] = value;
        return changes.length === 0 ? copy.subarray(0, cut % copy.length) : copy;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), changed), (bytes) => {
        for (const decode of [decodeTopology, decodeRoutingTable, decodeNodeInfo]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(isFlotillaError(error, 'MalformedFrame') || isFlotillaError(error, 'IncompatibleVersion')).toBe(
              true,
            );
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  const member: NodeInfo = {
    id: 7,
    name: 'n',
    addresses: ['ws://10.0.0.1:7001'],
    state: 'active',
    incarnation: 'ab'.repeat(8),
    voter: true,
    versions: { min: 1, max: 1 },
    spkiPins: ['cd'.repeat(32)],
  };
  const one: ClusterTopology = { version: 3, lastNodeId: 7, nodes: new Map([[7, member]]) };
  const change = (fields: Partial<NodeInfo>): Uint8Array =>
    encodeTopology({ ...one, nodes: new Map([[7, { ...member, ...fields }]]) });

  test.each([
    ['a pin of wrong length', change({ spkiPins: ['cd'.repeat(31)] })],
    ['a bad address', change({ addresses: ['ws://10.0.0.1:99999'] })],
    ['a port of 0', change({ addresses: ['ws://10.0.0.1:0'] })],
    ['an id above the last', encodeTopology({ ...one, lastNodeId: 6 })],
    [
      'ids that do not ascend',
      encodeTopology({
        ...one,
        nodes: new Map([
          [1, member],
          [2, member],
        ]),
      }),
    ],
    ['bytes behind', Uint8Array.from([...encodeTopology(one), 0])],
  ])('a topology with %s', (_, bytes) => expect(() => decodeTopology(bytes)).toThrow('MalformedFrame'));

  test('an unknown state', () => {
    const bytes = encodeTopology(one);
    expect(decodeTopology(bytes)).toEqual(one);
    const at = bytes.indexOf(1, 6);
    bytes[at] = 9;
    expect(() => decodeTopology(bytes)).toThrow('unknown state');
  });

  test('a later version', () => {
    const bytes = encodeTopology(one);
    bytes[0] = 2;
    expect(() => decodeTopology(bytes)).toThrow('IncompatibleVersion');
    const table2 = encodeRoutingTable(EMPTY_ROUTING_TABLE);
    table2[0] = 0;
    expect(() => decodeRoutingTable(table2)).toThrow('IncompatibleVersion');
  });

  const routing = initialRoutingTable({ nodes: [1, 2, 3], dataGroups: 2, replicationFactor: 3 });
  const group = { group: 1, incarnation: 0, confIndex: 0, voters: [1], learners: [] };
  test.each([
    ['a vShard of a group that is not there', encodeRoutingTable({ ...routing, vshards: routing.vshards.with(5, 9) })],
    ['too few vShards', encodeRoutingTable({ ...routing, vshards: routing.vshards.slice(1) })],
    [
      'voters that do not ascend',
      encodeRoutingTable({ ...routing, groups: new Map([[1, { ...group, voters: [2, 1] }]]) }),
    ],
    [
      'a learner that votes',
      encodeRoutingTable({ ...routing, groups: new Map([...routing.groups, [1, { ...group, learners: [1] }]]) }),
    ],
    ['groups that do not ascend', encodeRoutingTable({ ...routing, groups: new Map([...routing.groups, [9, group]]) })],
  ])('a routing table with %s', (_, bytes) => expect(() => decodeRoutingTable(bytes)).toThrow('MalformedFrame'));
});

describe('golden bytes of version 1', () => {
  const members: readonly NodeInfo[] = [
    {
      id: 1,
      name: 'eins',
      addresses: ['ws://127.0.0.1:7001', 'wss://eins.example:443'],
      state: 'active',
      incarnation: '0123456789abcdef',
      voter: true,
      versions: { min: 1, max: 2 },
      spkiPins: ['11'.repeat(32)],
    },
    {
      id: 300,
      name: undefined,
      addresses: [],
      state: 'joining',
      incarnation: 'fedcba9876543210',
      voter: false,
      versions: { min: 1, max: 1 },
      spkiPins: [],
    },
  ];
  const goldenTopology = members.reduce(withNode, EMPTY_TOPOLOGY);
  let goldenTable = initialRoutingTable({ nodes: [1, 2, 3, 4], dataGroups: 3, replicationFactor: 3 });
  goldenTable = withGroupMembership(goldenTable, {
    group: 2,
    incarnation: 0,
    confIndex: 1000,
    voters: [1, 300],
    learners: [4],
  });
  goldenTable = withVshardMoved(goldenTable, 0, 3);

  test('are still written so', () => {
    expect(toHex(encodeTopology(goldenTopology))).toBe(GOLDEN_V1.topology);
    expect(toHex(encodeRoutingTable(goldenTable))).toBe(GOLDEN_V1.routingTable);
    expect(members.map((each) => toHex(encodeNodeInfo(each)))).toEqual(GOLDEN_V1.nodes);
  });

  test('are still read', () => {
    expect(decodeTopology(fromHex(GOLDEN_V1.topology))).toEqual(goldenTopology);
    expect(decodeRoutingTable(fromHex(GOLDEN_V1.routingTable))).toEqual(goldenTable);
    expect(GOLDEN_V1.nodes.map((bytes) => decodeNodeInfo(fromHex(bytes)))).toEqual(members);
  });
});
