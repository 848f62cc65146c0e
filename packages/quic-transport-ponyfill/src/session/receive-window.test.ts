import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isQuicError } from '../errors.js';
import { type ReceiveWindow, ReceiveWindows, type WindowBounds } from './receive-window.js';

const bounds = fc
  .record({
    firstBytes: fc.integer({ min: 1, max: 40 }),
    growth: fc.integer({ min: 0, max: 400 }),
    sharedBytes: fc.integer({ min: 0, max: 1_000 }),
  })
  .map(({ firstBytes, growth, sharedBytes }): WindowBounds => {
    return { firstBytes, streamBytes: firstBytes + growth, sharedBytes };
  });

/** A stream as its sender sees it: it has sent, it may send. */
interface Stream {
  readonly window: ReceiveWindow;
  limit: number;
  sent: number;
  read: number;
  state: 'open' | 'ended' | 'closed';
}

const STREAMS = 6;
const step = fc.record({
  do: fc.constantFrom('send', 'send', 'send', 'read', 'read', 'read', 'end', 'close', 'open'),
  at: fc.nat({ max: STREAMS - 1 }),
  bytes: fc.integer({ min: 1, max: 120 }),
});

function opened(windows: ReceiveWindows, { firstBytes }: WindowBounds): Stream {
  return { window: windows.ofPeer(), limit: firstBytes, sent: 0, read: 0, state: 'open' };
}

function send(stream: Stream, bytes: number): void {
  const length = Math.min(bytes, stream.limit - stream.sent);
  stream.sent += length;
  stream.window.received(length);
}

function read(stream: Stream, bytes: number): void {
  const length = Math.min(bytes, stream.sent - stream.read);
  if (length === 0) return;
  stream.read += length;
  const limit = stream.window.read(length);
  if (limit === undefined) return;
  expect(limit).toBeGreaterThan(stream.limit);
  stream.limit = limit;
}

/** What may wait of it to be read, now or soon. */
function held(stream: Stream): number {
  return { open: stream.limit - stream.read, ended: stream.sent - stream.read, closed: 0 }[stream.state];
}

describe('receive windows (RFC 9000 section 4.1)', () => {
  test('hold no more than the session may, nor of a stream more than it may, whatever is sent, read and ended', () => {
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 200 }), (bound, steps) => {
        const windows = new ReceiveWindows(bound);
        const streams = Array.from({ length: STREAMS }, () => opened(windows, bound));
        for (const { do: what, at, bytes } of steps) {
          const stream = streams[at];
          if (stream === undefined) throw new Error('no stream');
          if (what === 'send' && stream.state === 'open') send(stream, bytes);
          if (what === 'read' && stream.state !== 'closed') read(stream, bytes);
          if (what === 'end' && stream.state === 'open') {
            stream.window.end();
            stream.state = 'ended';
          }
          if (what === 'close' && stream.state !== 'closed') {
            stream.window.close();
            stream.state = 'closed';
          }
          // A stream makes room for another once nothing of it waits.
          if (what === 'open' && stream.state !== 'open' && held(stream) === 0) streams[at] = opened(windows, bound);
          for (const each of streams) expect(held(each)).toBeLessThanOrEqual(bound.streamBytes);
          const total = streams.reduce((sum, each) => sum + held(each), 0);
          expect(total).toBeLessThanOrEqual(STREAMS * bound.firstBytes + bound.sharedBytes);
          expect(windows.freeBytes).toBeGreaterThanOrEqual(0);
        }
        for (const stream of streams) stream.window.close();
        expect(windows.freeBytes).toBe(bound.sharedBytes);
      }),
      { numRuns: 500 },
    );
  });

  test('let every stream that is read go on, whatever the others hold', () => {
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 100 }), (bound, steps) => {
        const windows = new ReceiveWindows(bound);
        const streams = Array.from({ length: STREAMS }, () => opened(windows, bound));
        for (const { do: what, at, bytes } of steps) {
          const stream = streams[at];
          if (stream === undefined) throw new Error('no stream');
          if (what === 'send') send(stream, bytes);
          else read(stream, bytes);
        }
        // From now on nobody reads but of the first, whose sender sends all that it may.
        const [reading, ...stalled] = streams;
        if (reading === undefined) throw new Error('no stream');
        for (const each of stalled) send(each, Number.POSITIVE_INFINITY);
        const until = reading.sent + 20 * bound.streamBytes;
        for (let turns = 0; reading.sent < until; turns++) {
          const before = reading.sent;
          send(reading, Number.POSITIVE_INFINITY);
          read(reading, Number.POSITIVE_INFINITY);
          expect(reading.limit).toBeGreaterThan(before);
          expect(turns).toBeLessThanOrEqual(20 * bound.streamBytes);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('of streams that are read come to equal parts, whoever was first', () => {
    const bound: WindowBounds = { firstBytes: 10, streamBytes: 10_000, sharedBytes: 10_000 };
    const windows = new ReceiveWindows(bound);
    const streams = Array.from({ length: STREAMS }, () => opened(windows, bound));
    for (let turn = 0; turn < 200; turn++) {
      for (const stream of streams) {
        send(stream, Number.POSITIVE_INFINITY);
        read(stream, Number.POSITIVE_INFINITY);
      }
    }
    const parts = streams.map(held);
    expect(Math.max(...parts) / Math.min(...parts)).toBeLessThan(1.1);
    // One part stays free for whoever comes next.
    expect(windows.freeBytes / Math.min(...parts)).toBeGreaterThan(0.9);
  });

  test('of a stream that nobody reads never grow', () => {
    const windows = new ReceiveWindows({ firstBytes: 10, streamBytes: 1_000, sharedBytes: 10_000 });
    const window = windows.ofPeer();
    window.received(10);
    const tooMuch = (): unknown => {
      try {
        window.received(1);
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(isQuicError(tooMuch(), 'ProtocolViolation')).toBe(true);
    expect(windows.freeBytes).toBe(10_000);
  });

  test('of streams that this side opened are of what is shared from their first byte, and go on where nothing is left', () => {
    const windows = new ReceiveWindows({ firstBytes: 10, streamBytes: 1_000, sharedBytes: 25 });
    const own = Array.from({ length: 4 }, () => windows.ofOwn());
    expect(windows.freeBytes).toBe(-15);
    const [first] = own;
    first?.received(10);
    expect(first?.read(10)).toBe(20);
    for (const window of own) window.close();
    expect(windows.freeBytes).toBe(25);
  });
});
