import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Message, MessageType } from '@flotilla/raft-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRaftBatch, FRAME_BYTES_MAX, HEARTBEATS_PER_FRAME_MAX, RaftBatchEncoder } from '../index.js';
import { batchItems, heartbeat, mutated } from '../testdata/arbitraries.js';

const PROP = 2;
const APP = 3;
const APP_RESP = 4;
const HEARTBEAT = 8;
const HEARTBEAT_RESP = 9;

function messageOf(type: MessageType, fields: Partial<Message> = {}): Message {
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

function append(index: number, sizes: readonly number[]): Message {
  const entries = sizes.map((size, at) => ({
    term: 5,
    index: index + 1 + at,
    type: 0 as const,
    data: new Uint8Array(size),
  }));
  return messageOf(APP, { index, logTerm: 5, commit: index, entries });
}

/** What the columns hold comes first, heartbeats before responses; the rest keeps its order. */
function inFrameOrder<T extends { readonly message: Message }>(items: readonly T[]): T[] {
  const place = ({ message }: T): number => {
    const { type, from, logTerm, index, rejectHint, reject, entries } = message;
    const bare = from === 1 && logTerm === 0 && index === 0 && rejectHint === 0 && !reject && entries.length === 0;
    if (!bare) return 2;
    if (type === HEARTBEAT) return 0;
    return type === HEARTBEAT_RESP ? 1 : 2;
  };
  return items.toSorted((a, b) => place(a) - place(b));
}

describe('identity', () => {
  test('any messages of any kinds and groups come back as they were', () => {
    fc.assert(
      fc.property(batchItems, fc.maxSafeNat(), (items, epoch) => {
        const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
        for (const { group, incarnation, message } of items) encoder.add(group, incarnation, message);
        expect(encoder.size).toBe(items.length);
        const frames = encoder.finish(epoch);
        expect(frames.length).toBe(items.length === 0 ? 0 : 1);
        expect(encoder.size).toBe(0);
        for (const frame of frames) {
          const batch = decodeRaftBatch(frame);
          const expected = inFrameOrder(items);
          expect(batch).toEqual({
            clusterEpoch: epoch,
            from: 1,
            to: 2,
            groups: expected.map((item) => item.group),
            incarnations: expected.map((item) => item.incarnation),
            messages: expected.map((item) => item.message),
          });
        }
      }),
    );
  });

  test('a decoded batch encodes to the same bytes', () => {
    fc.assert(
      fc.property(batchItems, (items) => {
        const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
        for (const { group, incarnation, message } of items) encoder.add(group, incarnation, message);
        for (const frame of encoder.finish(7)) {
          const { groups, incarnations, messages } = decodeRaftBatch(frame);
          for (const [at, message] of messages.entries()) encoder.add(groups[at] ?? 0, incarnations[at] ?? 0, message);
          expect(encoder.finish(7)).toEqual([frame]);
        }
      }),
    );
  });

  test('split at any size, all messages arrive, each once, in their order', () => {
    fc.assert(
      fc.property(batchItems, fc.integer({ min: 200, max: 600 }), (items, targetBytes) => {
        const encoder = new RaftBatchEncoder({ from: 1, to: 2, targetBytes });
        for (const { group, incarnation, message } of items) encoder.add(group, incarnation, message);
        const batches = encoder.finish(1).map(decodeRaftBatch);
        const place = (message: Message): boolean => message.type === HEARTBEAT || message.type === HEARTBEAT_RESP;
        const sent = (want: boolean): Message[] =>
          items.map((item) => item.message).filter((each) => place(each) === want);
        const got = (want: boolean): Message[] =>
          batches.flatMap((batch) => batch.messages).filter((each) => place(each) === want);
        expect(got(false)).toEqual(sent(false));
        expect(new Set(got(true).map((each) => JSON.stringify(each)))).toEqual(
          new Set(sent(true).map((each) => JSON.stringify(each))),
        );
        expect(got(true).length).toBe(sent(true).length);
      }),
    );
  });
});

describe('frames', () => {
  test('heartbeats stand first, whatever they were added after', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    encoder.add(4, 0, append(10, [3]));
    encoder.add(9, 0, messageOf(HEARTBEAT_RESP, { context: 3 }));
    encoder.add(8, 0, messageOf(HEARTBEAT, { commit: 2 }));
    const [frame = new Uint8Array(0)] = encoder.finish(1);
    expect(decodeRaftBatch(frame).messages.map((message) => message.type)).toEqual([HEARTBEAT, HEARTBEAT_RESP, APP]);
  });

  test('heartbeats of neighbouring groups cost a few bytes each', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    for (let group = 1; group <= 1000; group++)
      encoder.add(group, 0, messageOf(HEARTBEAT, { term: 12, commit: 100_000 }));
    const [frame = new Uint8Array(0)] = encoder.finish(3);
    expect(frame.length).toBeLessThan(1100);
    expect(decodeRaftBatch(frame).messages.length).toBe(1000);
  });

  test('a frame is split at the target, and no message is', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    for (let group = 1; group <= 40; group++) encoder.add(group, 0, append(5, [100_000]));
    expect(encoder.byteLength).toBeGreaterThan(4_000_000);
    const frames = encoder.finish(1);
    expect(frames.length).toBe(4);
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(1024 * 1024);
    expect(frames.flatMap((frame) => decodeRaftBatch(frame).groups)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  test('a message above the target goes in a frame of its own', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    encoder.add(1, 0, append(5, [10]));
    encoder.add(2, 0, append(5, [3_000_000, 2_000_000]));
    encoder.add(3, 0, append(5, [10]));
    encoder.add(3, 0, messageOf(HEARTBEAT));
    const frames = encoder.finish(1);
    expect(frames.map((frame) => decodeRaftBatch(frame).groups)).toEqual([[3, 1], [2], [3]]);
  });

  test('a message that no frame can hold is refused, definitely, and the batch goes on as before', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    encoder.add(1, 0, append(5, [10]));
    const refuse = (): void => encoder.add(2, 0, append(5, [FRAME_BYTES_MAX]));
    expect(refuse).toThrow(FlotillaError);
    expect(refuse).toThrow('LimitExceeded: a message of group 2');
    encoder.add(2, 0, append(5, [FRAME_BYTES_MAX - 200]));
    const frames = encoder.finish(2 ** 53 - 1);
    expect(frames.map((frame) => decodeRaftBatch(frame).groups)).toEqual([[1], [2]]);
    for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  });

  test('the largest message that is taken makes a frame within the limit, to the byte', () => {
    const sizes = fc.integer({ min: 900, max: 1100 });
    fc.assert(
      fc.property(sizes, fc.maxSafeNat(), (size, epoch) => {
        const encoder = new RaftBatchEncoder({ from: 1, to: 2, targetBytes: 500, frameBytesMax: 1000 });
        try {
          encoder.add(1, 0, append(5, [size]));
        } catch (error) {
          expect(isFlotillaError(error, 'LimitExceeded')).toBe(true);
          expect(size).toBeGreaterThan(940);
        }
        for (const frame of encoder.finish(epoch)) expect(frame.length).toBeLessThanOrEqual(1000);
      }),
    );
  });

  test('more heartbeats than a frame may hold take several', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    const total = HEARTBEATS_PER_FRAME_MAX + 10;
    for (let group = 1; group <= total; group++) encoder.add(group, 0, messageOf(HEARTBEAT));
    const batches = encoder.finish(1).map(decodeRaftBatch);
    expect(batches.length).toBeGreaterThan(1);
    expect(batches.flatMap((batch) => batch.groups)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  });

  test('bytes of entries are copied into the frame, once, and decoded as views of it', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    const data = Uint8Array.of(1, 2, 3);
    encoder.add(1, 0, messageOf(APP, { entries: [{ term: 5, index: 1, type: 0, data }] }));
    const [frame = new Uint8Array(0)] = encoder.finish(1);
    data.fill(9);
    const entry = decodeRaftBatch(frame).messages[0]?.entries[0];
    expect(entry?.data).toEqual(Uint8Array.of(1, 2, 3));
    expect(entry?.data.buffer).toBe(frame.buffer);
    expect(frame.byteLength).toBe(frame.buffer.byteLength);
  });
});

describe('a caller’s bugs', () => {
  const local: readonly MessageType[] = [0, 1, 10, 11, 12, 19, 20, 21, 22, 23];
  test.each(local)('messages of kind %d never travel', (type) => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    expect(() => encoder.add(1, 0, messageOf(type))).toThrow('do not travel');
  });

  test('a message to another node, or with entries that do not follow its index, violates an invariant', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    expect(() => encoder.add(1, 0, messageOf(APP_RESP, { to: 3 }))).toThrow('to node 3 in a batch to node 2');
    const entries = [{ term: 1, index: 9, type: 0 as const, data: new Uint8Array(0) }];
    expect(() => encoder.add(1, 0, messageOf(APP, { index: 7, entries }))).toThrow('entry 9 at place 0 after index 7');
    expect(encoder.finish(1)).toEqual([]);
  });

  test('proposals carry neither term nor index', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    const entries = [{ term: 0, index: 0, type: 0 as const, data: Uint8Array.of(7) }];
    encoder.add(1, 0, messageOf(PROP, { term: 0, entries }));
    const [frame = new Uint8Array(0)] = encoder.finish(1);
    expect(decodeRaftBatch(frame).messages[0]?.entries).toEqual(entries);
  });
});

describe('bad bytes', () => {
  const validFrame = batchItems
    .filter((items) => items.length > 0)
    .map((items) => {
      const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
      for (const { group, incarnation, message } of items) encoder.add(group, incarnation, message);
      return encoder.finish(3)[0] ?? new Uint8Array(0);
    });

  function decodesOrRefuses(bytes: Uint8Array): void {
    try {
      const { groups, incarnations, messages } = decodeRaftBatch(bytes);
      expect(incarnations.length).toBe(groups.length);
      expect(messages.length).toBe(groups.length);
    } catch (error) {
      expect(isFlotillaError(error, 'MalformedFrame') || isFlotillaError(error, 'IncompatibleVersion')).toBe(true);
    }
  }

  test('any bytes decode or are refused with a typed error', () => {
    const begin = fc.constantFrom([], [1], [1, 1], [1, 1, 0, 1, 2], [1, 1, 0, 1, 2, 0, 0]);
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 120 }), (start, bytes) =>
        decodesOrRefuses(Uint8Array.from([...start, ...bytes])),
      ),
      { numRuns: 2000 },
    );
  });

  test('changed frames decode or are refused with a typed error', () => {
    fc.assert(fc.property(mutated(validFrame), decodesOrRefuses), { numRuns: 2000 });
  });

  test('a frame that is cut anywhere, or goes on, is refused', () => {
    fc.assert(
      fc.property(validFrame, fc.nat(), (frame, at) => {
        expect(() => decodeRaftBatch(frame.subarray(0, at % frame.length))).toThrow('MalformedFrame');
        expect(() => decodeRaftBatch(Uint8Array.from([...frame, 0]))).toThrow('MalformedFrame');
      }),
    );
  });

  test.each([
    ['a later version', [1, 2, 0, 1, 2, 0, 0, 0], 'IncompatibleVersion'],
    ['another kind of frame', [2, 1, 0, 1, 2, 0, 0, 0], 'not a Raft batch'],
    ['a batch from nobody', [1, 1, 0, 0, 2, 0, 0, 0], 'from or to nobody'],
    ['a local kind of message', [1, 1, 0, 1, 2, 0, 0, 1, 1, 0, 19, 0, 0], 'kind 19 do not travel'],
    ['unknown presence bits', [1, 1, 0, 1, 2, 0, 0, 1, 1, 0, 4, 0, 4], 'unknown presence bits'],
    ['a snapshot that is missing', [1, 1, 0, 1, 2, 0, 0, 1, 1, 0, 7, 0, 0], 'wrong snapshot field'],
    ['entries that are none', [1, 1, 0, 1, 2, 0, 0, 1, 1, 0, 3, 128, 0, 0, 0], 'none follows'],
    ['an unknown type of entry', [1, 1, 0, 1, 2, 0, 0, 1, 1, 0, 3, 128, 0, 1, 3, 0], 'unknown type of entry'],
    ['rows without bytes', [1, 1, 0, 1, 2, 200, 1, 0, 0, 0, 0], 'items cannot stand'],
    ['a constant column of groups', [1, 1, 0, 1, 2, 2, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'unknown mode'],
    ['an unknown mode of column', [1, 1, 0, 1, 2, 1, 3, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'unknown mode'],
    ['differences below 0', [1, 1, 0, 1, 2, 2, 2, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'leaves the safe integers'],
  ])('%s is refused', (_, bytes, reason) => {
    expect(() => decodeRaftBatch(Uint8Array.from(bytes))).toThrow(reason);
  });

  test('a heartbeat’s columns of any shape come back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), heartbeat), { minLength: 1, maxLength: 50 }),
        (rows) => {
          const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
          for (const [group, incarnation, message] of rows) encoder.add(group, incarnation, message);
          const [frame = new Uint8Array(0)] = encoder.finish(0);
          const batch = decodeRaftBatch(frame);
          const sorted = rows.toSorted(([, , a], [, , b]) => a.type - b.type);
          expect(batch.groups).toEqual(sorted.map(([group]) => group));
          expect(batch.messages).toEqual(sorted.map(([, , message]) => message));
        },
      ),
    );
  });
});
