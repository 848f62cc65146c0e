import { ByteReader } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { defaultTransportLimits } from '../limits.js';
import { transportMetrics } from '../observe.js';
import { FrameLane } from './frame-lane.js';
import { Outlet } from './outlet.js';
import { Piece, PIECE_BYTES_MAX } from './pieces.js';

const frame = (bytes: number, fill: number): Uint8Array => new Uint8Array(bytes).fill(fill);

/** Sends frames over a way that wants messages of so many bytes. @returns the messages */
function sent(frames: readonly Uint8Array[], messageBytesWanted: number | undefined): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  const metrics = transportMetrics();
  const outlet = new Outlet(
    { unsentBytes: 0, messageBytesWanted, send: (message) => messages.push(message), end: () => undefined },
    { metrics, woken: () => undefined, overflowed: () => undefined, emptied: () => undefined },
  );
  const lane = new FrameLane({ limits: defaultTransportLimits, metrics });
  outlet.carry(lane);
  for (const each of frames) lane.push(each);
  outlet.send();
  return messages;
}

/** The frames that the messages hold. */
function received(messages: readonly Uint8Array[]): readonly Uint8Array[] {
  const lane = new FrameLane({ limits: defaultTransportLimits, metrics: transportMetrics() });
  const frames: Uint8Array[] = [];
  for (const message of messages) {
    const reader = new ByteReader(message);
    while (reader.remaining > 0) {
      const kind = reader.u8();
      const bytes = reader.bytes(PIECE_BYTES_MAX);
      if (kind === Piece.FRAME) frames.push(lane.readEnd(bytes).slice());
      else lane.readPart(bytes);
    }
  }
  return frames;
}

describe('what is sent in a turn', () => {
  const frames = [
    frame(10, 1),
    ...Array.from({ length: 50 }, (_, at) => frame(1_000, at)),
    frame(20_000, 2),
    frame(0, 3),
  ];

  test('leaves as one message', () => {
    const messages = sent(frames, undefined);
    expect(messages).toHaveLength(1);
    expect(received(messages)).toEqual(frames);
  });

  test.each([2_048, 4_096, 65_536])(
    'leaves as messages of at most %d bytes where a channel wants short ones',
    (wanted) => {
      const messages = sent(frames, wanted);
      for (const message of messages) expect(message.length).toBeLessThanOrEqual(wanted);
      expect(messages.length).toBeLessThan(2 + (2 * 71_000) / wanted);
      expect(received(messages)).toEqual(frames);
    },
  );
});
