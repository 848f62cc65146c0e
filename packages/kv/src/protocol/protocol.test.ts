import { isFlotillaError } from '@flotilla/errors';
import { EMPTY_ROUTING_TABLE, EMPTY_TOPOLOGY } from '@flotilla/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand, anyRange } from '../../test/arbitraries.js';
import {
  type AdminRequest,
  answerOf,
  ClientFrameWriter,
  type ClientMessage,
  decodeAnswer,
  decodeClusterMap,
  decodeCommand,
  decodeCursor,
  decodeJsonReply,
  decodeLaneRequest,
  encodeAdminRequest,
  encodeClusterMap,
  encodeCommand,
  encodeCursor,
  encodeErrorReply,
  encodeJsonReply,
  encodeMapRequest,
  readClientFrame,
  readServerFrame,
  ServerFrameWriter,
  type ServerMessage,
} from '../protocol.js';

const anyNumber = fc.nat(Number.MAX_SAFE_INTEGER);
const anyBytes = fc.uint8Array({ maxLength: 40 });

const anyClientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({ kind: fc.constant('propose'), id: anyNumber, group: anyNumber, envelope: anyBytes } as const),
  fc.record({
    kind: fc.constant('read'),
    id: anyNumber,
    group: anyNumber,
    consistency: fc.constantFrom('linearizable', 'follower', 'stale'),
    command: anyBytes,
  } as const),
  fc.record({ kind: fc.constantFrom('cancel', 'unwatch', 'progress'), id: anyNumber } as const),
  fc.record({
    kind: fc.constant('watch'),
    id: anyNumber,
    group: anyNumber,
    keyspace: anyNumber,
    range: anyRange,
    startRevision: anyNumber,
    prevKv: fc.boolean(),
    noPut: fc.boolean(),
    noDelete: fc.boolean(),
    progress: fc.boolean(),
  } as const),
);

function writeClient(writer: ClientFrameWriter, message: ClientMessage): void {
  switch (message.kind) {
    case 'propose':
      return writer.propose(message.id, message.group, message.envelope);
    case 'read':
      return writer.read(message.id, message.group, message.consistency, message.command);
    case 'watch':
      return writer.watch(message);
    case 'cancel':
      return writer.cancel(message.id);
    case 'unwatch':
      return writer.unwatch(message.id);
    case 'progress':
      return writer.progress(message.id);
  }
}

/** Whatever bytes come, the decoder returns or throws a FlotillaError; also when they are nearly right. */
function refusesWithTypedErrors(decode: (bytes: Uint8Array) => unknown, examples: fc.Arbitrary<Uint8Array>): void {
  const tryDecode = (bytes: Uint8Array): void => {
    try {
      decode(bytes);
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
    }
  };
  fc.assert(fc.property(anyBytes, tryDecode), { numRuns: 1000 });
  fc.assert(
    fc.property(examples, fc.nat(), fc.nat(255), fc.nat(), (bytes, at, byte, length) => {
      const broken = bytes.slice();
      if (broken.length > 0) broken[at % broken.length] = byte;
      tryDecode(broken);
      tryDecode(bytes.subarray(0, length % (bytes.length + 1)));
    }),
    { numRuns: 1000 },
  );
}

describe('commands', () => {
  test('decoding gives back what was encoded', () => {
    fc.assert(
      fc.property(anyCommand(), (command) => {
        expect(decodeCommand(encodeCommand(command))).toEqual(command);
      }),
    );
  });

  test('hostile bytes are refused with typed errors', () => {
    refusesWithTypedErrors(decodeCommand, anyCommand().map(encodeCommand));
  });

  test('a count that cannot follow is refused before anything is allocated', () => {
    const bytes = Uint8Array.of(1, 3, 0, 0xff, 0xff, 0xff, 0xff, 0x7f);
    expect(() => decodeCommand(bytes)).toThrow('cannot stand');
  });

  test('transactions nested without end are refused', () => {
    const bytes = new Uint8Array(3000);
    bytes.set([1, 3, 0]);
    for (let at = 3; at + 3 <= bytes.length; at += 3) bytes.set([0, 1, 3], at);
    expect(() => decodeCommand(bytes)).toThrow('nested too deep');
  });
});

describe('frames', () => {
  test('a frame gives back its messages in order, whatever is coalesced', () => {
    fc.assert(
      fc.property(fc.array(anyClientMessage, { minLength: 1, maxLength: 8 }), (messages) => {
        const writer = new ClientFrameWriter();
        for (let round = 0; round < 2; round++) {
          for (const message of messages) writeClient(writer, message);
          const read: ClientMessage[] = [];
          readClientFrame(writer.take()!, (message) => read.push(message));
          expect(read).toEqual(messages);
        }
        expect(writer.take()).toBeUndefined();
      }),
    );
  });

  test('a server frame gives back its messages', () => {
    const writer = new ServerFrameWriter();
    const answer = { revision: 7, answer: { kind: 'put', prevKv: undefined } } as const;
    writer.answer(1, Uint8Array.of(0));
    writer.readAnswer(2, answer);
    writer.error(3, new Error('broken'));
    writer.watchStarted(4, 9);
    writer.watchEvents(4, 9, true, [Uint8Array.of(2, 1, 97, 10)]);
    writer.watchProgress(4, 12);
    writer.watchEnded(4, new Error('over'));
    const read: ServerMessage[] = [];
    readServerFrame(writer.take()!, (message) => read.push(message));
    expect(read.map(({ kind }) => kind)).toEqual([
      'answer',
      'answer',
      'answer',
      'watchStarted',
      'watchEvents',
      'watchProgress',
      'watchEnded',
    ]);
    const bodies = read.flatMap((message) => (message.kind === 'answer' ? [message.body] : []));
    expect(answerOf(bodies[0]!).length).toBe(0);
    expect(decodeAnswer(answerOf(bodies[1]!))).toEqual(answer);
    expect(() => answerOf(bodies[2]!)).toThrow('Internal: broken');
    expect(read[4]).toMatchObject({ through: 9, partial: true, events: [{ type: 'delete', kv: { modRevision: 10 } }] });
  });

  test('hostile bytes are refused with typed errors', () => {
    const anyFrame = fc.array(anyClientMessage, { minLength: 1, maxLength: 4 }).map((messages) => {
      const writer = new ClientFrameWriter();
      for (const message of messages) writeClient(writer, message);
      return writer.take()!;
    });
    refusesWithTypedErrors((bytes) => readClientFrame(bytes, () => undefined), anyFrame);
    refusesWithTypedErrors((bytes) => readServerFrame(bytes, () => undefined), anyFrame);
    refusesWithTypedErrors(decodeAnswer, anyFrame);
  });

  test('format 1 is what it always was', () => {
    const writer = new ClientFrameWriter();
    writer.propose(1, 2, Uint8Array.of(0, 9));
    writer.read(2, 3, 'stale', Uint8Array.of(8));
    writer.watch({
      id: 300,
      group: 1,
      keyspace: 0,
      range: { key: Uint8Array.of(97), end: Uint8Array.of(98) },
      startRevision: 5,
      prevKv: true,
      noPut: false,
      noDelete: false,
      progress: true,
    });
    writer.unwatch(300);
    expect([...writer.take()!]).toEqual([
      4, 1, 1, 1, 2, 2, 0, 9, 2, 2, 3, 2, 1, 8, 4, 172, 2, 1, 19, 0, 5, 1, 97, 1, 98, 5, 172, 2,
    ]);
  });
});

describe('the request lane', () => {
  const requests: AdminRequest[] = [
    { op: 'nodeStatus' },
    { op: 'membersList' },
    { op: 'membersAdd' },
    { op: 'membersAdd', nodeId: 4 },
    { op: 'membersRemove', node: 2 },
    { op: 'membersReplace', oldNode: 1, newNode: 4 },
    { op: 'membersPin', node: 2, add: ['ab'.repeat(32)], remove: [] },
    { op: 'transfer', group: 3, to: 2 },
    { op: 'stores' },
  ];

  test.each(requests)('carries $op', (request) => {
    expect(decodeLaneRequest(encodeAdminRequest(request))).toEqual({ kind: 'admin', request });
  });

  test('carries the request for the map, and the map', () => {
    expect(decodeLaneRequest(encodeMapRequest())).toEqual({ kind: 'map' });
    const map = {
      nodeId: 1,
      clusterId: '0f'.repeat(16),
      routing: EMPTY_ROUTING_TABLE,
      topology: EMPTY_TOPOLOGY,
      leaders: [{ group: 1, node: 3 }],
    };
    expect(decodeClusterMap(encodeClusterMap(map))).toEqual(map);
    refusesWithTypedErrors(decodeClusterMap, fc.constant(encodeClusterMap(map)));
  });

  test('replies carry values and errors', () => {
    expect(decodeJsonReply(encodeJsonReply({ a: [1] }))).toEqual({ a: [1] });
    expect(decodeJsonReply(encodeJsonReply(undefined))).toBeNull();
    expect(() => decodeJsonReply(encodeErrorReply(new Error('no')))).toThrow('Internal: no');
    expect(() => decodeLaneRequest(encodeAdminRequest({ op: 'transfer', group: 1.5, to: 1 }))).toThrow(
      'InvalidArgument',
    );
    expect(() => decodeLaneRequest(Uint8Array.of(2, 0x7b))).toThrow('MalformedFrame');
    refusesWithTypedErrors(decodeLaneRequest, fc.constantFrom(...requests).map(encodeAdminRequest));
  });
});

describe('cursors', () => {
  const anyCursor = fc.record({
    scope: fc.nat(0xffff_ffff),
    positions: fc.array(fc.record({ group: anyNumber, revision: anyNumber }), { maxLength: 9 }),
    after: fc.option(anyBytes, { nil: undefined }),
  });

  test('come back as they went, as plain text', () => {
    fc.assert(
      fc.property(anyCursor, (cursor) => {
        const text = encodeCursor(cursor);
        expect(text).toMatch(/^[\w-]+$/);
        expect(decodeCursor(text, cursor.scope)).toEqual(cursor);
      }),
    );
  });

  test('are refused for another range, and when they were changed', () => {
    fc.assert(
      fc.property(anyCursor, fc.string(), fc.nat(), (cursor, noise, at) => {
        const text = encodeCursor(cursor);
        expect(() => decodeCursor(text, cursor.scope ^ 1)).toThrow('CursorInvalid');
        const changed = text.slice(0, at % text.length) + noise;
        if (changed !== text) expect(() => decodeCursor(changed, cursor.scope)).toThrow('CursorInvalid');
      }),
    );
  });
});
