import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isQuicError } from '../errors.js';
import { concatBytes, encodeVarint } from '../http3/varint.js';
import { CLOSE_KINDS, type ControlFrame, ControlFrameReader, encodeControlFrame, VERSION } from './control-frames.js';
import { abortFrame, dataHeader, endFrame, StreamFrameReader } from './stream-frames.js';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const code = fc.nat({ max: 0xffff_ffff });
const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const limits = fc.record({ maxBidirectional: count, maxUnidirectional: count, windowBytes: count });
const token = (type: 'ping' | 'pong'): fc.Arbitrary<ControlFrame> =>
  fc.record({ type: fc.constant(type), token: count });

const controlFrame: fc.Arbitrary<ControlFrame> = fc.oneof(
  fc.record({
    type: fc.constant('client-hello' as const),
    version: fc.constant(VERSION),
    nonce: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    limits,
  }),
  fc.record({
    type: fc.constant('server-hello' as const),
    version: fc.constant(VERSION),
    limits,
    chain: fc.array(bytes(600), { maxLength: 8 }),
    signature: bytes(100),
  }),
  fc.record({ type: fc.constant('credit' as const), id: count, limit: count }),
  fc.record({ type: fc.constant('stop' as const), id: count, code }),
  fc.record({
    type: fc.constant('max-streams' as const),
    direction: fc.constantFrom('bidirectional' as const, 'unidirectional' as const),
    total: count,
  }),
  token('ping'),
  token('pong'),
  fc.record({ type: fc.constant('drain' as const) }),
  fc.record({
    type: fc.constant('close' as const),
    kind: fc.constantFrom(...CLOSE_KINDS),
    code,
    reason: fc.string({ unit: 'grapheme', maxLength: 200 }),
  }),
);

/** The bytes cut into pieces at these places. */
function cut(all: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (all.length + 1)), all.length].toSorted(
    (left, right) => left - right,
  );
  return sorted.slice(1).map((end, at) => all.subarray(sorted[at], end));
}

describe('control frames', () => {
  test('are read as they were written, however their bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(controlFrame, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (frames, places) => {
        const reader = new ControlFrameReader();
        const read: ControlFrame[] = [];
        for (const piece of cut(concatBytes(...frames.map(encodeControlFrame)), places)) {
          reader.add(piece);
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) read.push(frame);
        }
        expect(read).toEqual(frames);
      }),
      { numRuns: 300 },
    );
  });

  test('of noise are refused as such, or wait for more', () => {
    fc.assert(
      fc.property(bytes(300), (noise) => {
        const reader = new ControlFrameReader();
        reader.add(noise);
        try {
          while (reader.next() !== undefined);
        } catch (error) {
          expect(isQuicError(error, 'ProtocolViolation')).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('with a byte changed are read or refused as such', () => {
    fc.assert(
      fc.property(controlFrame, fc.nat(), fc.nat({ max: 255 }), (frame, place, byte) => {
        const changed = encodeControlFrame(frame);
        changed[place % changed.length] = byte;
        const reader = new ControlFrameReader();
        reader.add(changed);
        try {
          while (reader.next() !== undefined);
        } catch (error) {
          expect(isQuicError(error, 'ProtocolViolation')).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('of a type or length beyond all bounds are refused before their bytes come', () => {
    const reader = new ControlFrameReader();
    reader.add(concatBytes(encodeVarint(3), encodeVarint(1_000_000)));
    expect(() => reader.next()).toThrow('a control frame of 1000000 bytes');
  });
});

describe('stream frames', () => {
  const ends = fc.oneof(
    fc.constant({ type: 'end' as const }),
    fc.record({ type: fc.constant('abort' as const), code }),
  );

  test('are read as they were written, however their bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 100_000 }),
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 8 }),
        ends,
        fc.array(fc.nat(), { maxLength: 12 }),
        (number, data, end, places) => {
          const frames = data.flatMap((piece) => [dataHeader(piece.length), piece]);
          const last = end.type === 'end' ? endFrame() : abortFrame(end.code);
          const reader = new StreamFrameReader();
          const read: Uint8Array[] = [];
          let ended: unknown;
          for (const piece of cut(concatBytes(encodeVarint(number), ...frames, last), places)) {
            reader.add(piece);
            for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
              if (frame.type === 'data') read.push(frame.bytes.slice());
              else ended = frame;
            }
          }
          expect(reader.number).toBe(number);
          expect(concatBytes(...read)).toEqual(concatBytes(...data));
          expect(ended).toEqual(end);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of noise are read or refused as such', () => {
    fc.assert(
      fc.property(bytes(200), (noise) => {
        const reader = new StreamFrameReader(1);
        reader.add(noise);
        try {
          while (reader.next() !== undefined);
        } catch (error) {
          expect(isQuicError(error, 'ProtocolViolation')).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
