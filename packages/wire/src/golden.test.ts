import { fromHex, toHex } from '@flotilla/bytes';
import type { Message, MessageType } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import {
  decodeControlPush,
  decodeHello,
  decodeHostHeartbeat,
  decodeRaftBatch,
  decodeSessionEnvelope,
  decodeSnapshotStreamAnswer,
  decodeSnapshotStreamHeader,
  encodeControlPush,
  encodeHello,
  encodeHostHeartbeat,
  encodeSessionEnvelope,
  encodeSnapshotStreamAnswer,
  encodeSnapshotStreamHeader,
  RaftBatchEncoder,
} from './index.js';
import { GOLDEN_V1 } from './testdata/golden-v1.js';

function messageOf(type: MessageType, fields: Partial<Message>): Message {
  return {
    type,
    to: 2,
    from: 1,
    term: 5,
    logTerm: 0,
    index: 0,
    entries: [],
    commit: 0,
    vote: 0,
    snapshot: undefined,
    reject: false,
    rejectHint: 0,
    context: 0,
    responses: [],
    ...fields,
  };
}

const confState = { voters: [1, 2, 3], learners: [4], votersOutgoing: [1, 2], learnersNext: [2], autoLeave: true };
const snapMessage = messageOf(7, { snapshot: { index: 900, term: 4, confState, data: new Uint8Array(0) } });
const clientId = fromHex('000102030405060708090a0b0c0d0e0f');

/** A batch with every kind of message that travels and every field in use. */
const BATCH: readonly (readonly [group: number, incarnation: number, message: Message])[] = [
  [1, 0, messageOf(8, { commit: 100, context: 3 })],
  [2, 0, messageOf(8, { commit: 300, context: 0 })],
  [70_000, 12, messageOf(8, { term: 6, commit: 2 ** 40, context: 0 })],
  [3, 0, messageOf(9, { context: 9 })],
  [3, 0, messageOf(9, { context: 9 })],
  [
    1,
    0,
    messageOf(3, {
      logTerm: 4,
      index: 99,
      commit: 98,
      entries: [
        { term: 4, index: 100, type: 0, data: Uint8Array.of(1, 2, 3) },
        { term: 4, index: 101, type: 1, data: Uint8Array.of(4) },
        { term: 5, index: 102, type: 2, data: new Uint8Array(0) },
      ],
    }),
  ],
  [2, 7, messageOf(4, { index: 120, reject: true, rejectHint: 110, logTerm: 3 })],
  [2, 7, messageOf(5, { index: 130, logTerm: 4, context: 1 })],
  [2, 7, messageOf(6, { reject: true })],
  [2, 7, messageOf(7, { snapshot: { index: 2 ** 53 - 1, term: 4, confState, data: Uint8Array.of(9) } })],
  [2, 7, messageOf(13, { from: 3, term: 0 })],
  [2, 7, messageOf(14, {})],
  [2, 7, messageOf(15, { term: 0, context: 77 })],
  [2, 7, messageOf(16, { index: 131, context: 77 })],
  [2, 7, messageOf(17, { index: 130, logTerm: 4, term: 6 })],
  [2, 7, messageOf(18, { term: 6 })],
  [2, 7, messageOf(2, { term: 0, entries: [{ term: 0, index: 0, type: 0, data: Uint8Array.of(5, 6) }] })],
  [2, 7, messageOf(9, { logTerm: 1 })],
];

function encodeBatch(): Uint8Array {
  const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
  for (const [group, incarnation, message] of BATCH) encoder.add(group, incarnation, message);
  return encoder.finish(11)[0] ?? new Uint8Array(0);
}

const VALUES = {
  hello: {
    role: 'peer',
    versions: { min: 1, max: 1 },
    clusterId: '00112233445566778899aabbccddeeff',
    nodeId: 3,
    incarnation: '0123456789abcdef',
    clusterEpoch: 300,
    hostEpoch: 2,
    addresses: ['ws://127.0.0.1:7001', 'wss://node-3.example:443'],
    capabilities: [5],
  },
  helloOfJoiner: {
    role: 'peer',
    versions: { min: 1, max: 1 },
    clusterId: undefined,
    nodeId: 0,
    incarnation: '0123456789abcdef',
    clusterEpoch: 0,
    hostEpoch: 1,
    addresses: [],
    capabilities: [],
  },
  hostHeartbeat: { hostEpoch: 3, clusterEpoch: 11, sequence: 1000, echo: 999, topologyVersion: 4, routingVersion: 200 },
  controlPush: { clusterEpoch: 11, index: 70, topology: Uint8Array.of(1, 2), routing: Uint8Array.of(3) },
  controlPushOfNothing: { clusterEpoch: 11, index: 70, topology: undefined, routing: undefined },
  sessionBare: { kind: 'bare', command: Uint8Array.of(1, 2, 3) },
  sessionCommand: {
    kind: 'command',
    clientId,
    sequence: 300,
    acknowledged: 298,
    vshard: 1023,
    command: Uint8Array.of(9),
  },
  sessionRegister: { kind: 'register', clientId, vshard: 5, ttlMs: 60_000 },
  sessionExpire: { kind: 'expire', sessions: [{ clientId, vshard: 5, sequence: 300 }] },
  snapshotHeader: {
    clusterEpoch: 11,
    group: 4,
    incarnation: 7,
    message: snapMessage,
    size: 10_000_000,
    checksum: 0xdead_beef,
    offset: 4096,
  },
  snapshotAnswer: { status: 'resume', term: 9, offset: 8192, error: new Uint8Array(0) },
} as const;

describe('golden bytes of version 1', () => {
  const cases: readonly [name: keyof typeof GOLDEN_V1, bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown][] = [
    ['hello', encodeHello(VALUES.hello), decodeHello],
    ['helloOfJoiner', encodeHello(VALUES.helloOfJoiner), decodeHello],
    ['hostHeartbeat', encodeHostHeartbeat(VALUES.hostHeartbeat), decodeHostHeartbeat],
    ['controlPush', encodeControlPush(VALUES.controlPush), decodeControlPush],
    ['controlPushOfNothing', encodeControlPush(VALUES.controlPushOfNothing), decodeControlPush],
    ['sessionBare', encodeSessionEnvelope(VALUES.sessionBare), decodeSessionEnvelope],
    ['sessionCommand', encodeSessionEnvelope(VALUES.sessionCommand), decodeSessionEnvelope],
    ['sessionRegister', encodeSessionEnvelope(VALUES.sessionRegister), decodeSessionEnvelope],
    ['sessionExpire', encodeSessionEnvelope(VALUES.sessionExpire), decodeSessionEnvelope],
    ['snapshotHeader', encodeSnapshotStreamHeader(VALUES.snapshotHeader), decodeSnapshotStreamHeader],
    ['snapshotAnswer', encodeSnapshotStreamAnswer(VALUES.snapshotAnswer), decodeSnapshotStreamAnswer],
  ];

  test.each(cases)('%s is still written so', (name, bytes) => expect(toHex(bytes)).toBe(GOLDEN_V1[name]));

  test.each(cases)('%s is still read', (name, _, decode) => {
    expect(decode(fromHex(GOLDEN_V1[name]))).toEqual((VALUES as Record<string, unknown>)[name]);
  });

  test('a Raft batch with every kind of message is still written and read so', () => {
    expect(toHex(encodeBatch())).toBe(GOLDEN_V1.raftBatch);
    const batch = decodeRaftBatch(fromHex(GOLDEN_V1.raftBatch));
    expect(batch.clusterEpoch).toBe(11);
    expect(batch.groups).toEqual(BATCH.map(([group]) => group));
    expect(batch.incarnations).toEqual(BATCH.map(([, incarnation]) => incarnation));
    expect(batch.messages).toEqual(BATCH.map(([, , message]) => message));
  });

  test('every golden value is held against something', () => {
    expect(Object.keys(GOLDEN_V1).toSorted()).toEqual([...cases.map(([name]) => name), 'raftBatch'].toSorted());
  });
});
