import { ByteWriter } from '@flotilla/bytes';
import { type ErrorCode, isFlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TestHandshake } from '../conformance.js';
import { MemoryNetwork } from '../memory/memory-network.js';
import type { MemoryTransport } from '../memory/memory-transport.js';
import type { TransportEvent } from '../observe.js';
import type { CloseReason, Connection, IncomingStream } from '../transport.js';
import type { MessageSocket } from './message-socket.js';
import { Failure, FORMAT_VERSION_MAX, MAGIC, MESSAGE_BYTES_MAX, Piece, STREAM_WINDOW_BYTES } from './pieces.js';

/** A victim that listens, an honest connection to it, and a peer that sends what it likes. */
class Scene {
  readonly world = new VirtualWorld({ seed: 'hostile' });
  readonly runtime = this.world.createRuntime();
  readonly network = new MemoryNetwork({ runtime: this.runtime, latency: 1, seed: 'hostile' });
  readonly events: TransportEvent[] = [];
  readonly victim: MemoryTransport;
  readonly accepted: { readonly connection: Connection; readonly streams: IncomingStream[] }[] = [];
  readonly ends = new Map<Connection, CloseReason>();
  readonly received: Uint8Array[] = [];
  answer: (body: Uint8Array) => Promise<Uint8Array> = (body) => Promise.resolve(body);

  constructor(frameBytesMax: number = 1_000_000) {
    this.victim = this.network.transport('victim', {
      limits: { frameBytesMax, requestsInFlightMax: 10 },
      observe: (event) => this.events.push(event),
    });
  }

  async start(): Promise<this> {
    await this.victim.listen('mem://victim', {
      handshake: new TestHandshake('victim'),
      accept: (connection) => this.#attach(connection),
    });
    return this;
  }

  #attach(connection: Connection): void {
    const streams: IncomingStream[] = [];
    this.accepted.push({ connection, streams });
    connection.attach({
      frames: (frames) => void this.received.push(...frames),
      request: (body) => this.answer(body),
      stream: (stream) => void streams.push(stream),
      drained: () => {},
      closed: (reason) => void this.ends.set(connection, reason),
    });
  }

  /** A socket within the handshake. */
  async raw(): Promise<{ readonly socket: MessageSocket; readonly received: Uint8Array[]; closed: boolean }> {
    const socket = await this.world.settle(this.network.connectRaw('hostile', 'mem://victim'));
    const peer = { socket, received: [] as Uint8Array[], closed: false };
    socket.attach({
      message: (bytes) => void peer.received.push(bytes),
      sent: () => {},
      closed: () => {
        peer.closed = true;
      },
    });
    return peer;
  }

  /** A socket after the handshake, with the victim's side of it. */
  async open(): Promise<{
    readonly socket: MessageSocket;
    readonly received: Uint8Array[];
    readonly connection: Connection;
    readonly streams: IncomingStream[];
  }> {
    const peer = await this.raw();
    peer.socket.send(hello());
    await this.world.advance(10);
    peer.socket.send(Uint8Array.of(Piece.READY));
    await this.world.advance(10);
    const accepted = this.accepted.at(-1);
    if (accepted === undefined) throw new Error('the handshake failed');
    return { ...peer, ...accepted };
  }

  /** Whether an honest peer is served. */
  async servesOthers(): Promise<boolean> {
    const transport = this.network.transport('honest');
    const reply = transport.dial('mem://victim', { handshake: new TestHandshake('honest') }).then((connection) => {
      connection.attach({
        frames: () => {},
        request: (body) => Promise.resolve(body),
        stream: () => {},
        drained: () => {},
        closed: () => {},
      });
      return connection.request(Uint8Array.of(1, 2, 3));
    });
    this.answer = (body) => Promise.resolve(body);
    const bytes = await this.world.settle(reply);
    await this.world.settle(transport.close());
    return bytes.length === 3;
  }
}

function hello(options: { magic?: number; min?: number; max?: number; bytes?: number } = {}): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(Piece.HELLO);
  writer.u32(options.magic ?? MAGIC);
  writer.u8(options.min ?? 1);
  writer.u8(options.max ?? FORMAT_VERSION_MAX);
  writer.u32(1_000_000);
  writer.u32(100);
  writer.raw(new Uint8Array(options.bytes ?? 4));
  return writer.take();
}

type Field = number | Uint8Array;

/** A piece: a kind, then varints and length-prefixed bytes. */
function piece(kind: number, ...fields: readonly Field[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(kind);
  for (const field of fields) {
    if (typeof field === 'number') writer.varint(field);
    else writer.bytes(field);
  }
  return writer.take();
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) writer.raw(part);
  return writer.take();
}

const none = new Uint8Array(0);
const open = (number: number): Uint8Array => piece(Piece.STREAM_OPEN, number, none);
const data = (number: number, bytes: number): Uint8Array => piece(Piece.STREAM_DATA, number, new Uint8Array(bytes));

describe('what is not of the format breaks its connection with a typed error, counted, and no other', () => {
  const windowful = Array.from({ length: 16 }, () => data(1, STREAM_WINDOW_BYTES / 16));
  const cases: Readonly<Record<string, readonly [ErrorCode, ...Uint8Array[]]>> = {
    'an empty message': ['MalformedFrame', none],
    'a kind that does not exist': ['MalformedFrame', Uint8Array.of(0x7f)],
    'a second hello': ['MalformedFrame', hello()],
    'a second READY': ['MalformedFrame', Uint8Array.of(Piece.READY)],
    'a frame without a length': ['MalformedFrame', Uint8Array.of(Piece.FRAME)],
    'a frame that is shorter than its length': ['MalformedFrame', Uint8Array.of(Piece.FRAME, 5, 1, 2)],
    'a length that is longer than need be': ['MalformedFrame', Uint8Array.of(Piece.FRAME, 0x80, 0)],
    'a length beyond the safe integers': [
      'MalformedFrame',
      Uint8Array.of(Piece.FRAME, 255, 255, 255, 255, 255, 255, 255, 255, 127),
    ],
    'parts of a frame beyond the limit': [
      'LimitExceeded',
      ...Array.from({ length: 16 }, () => piece(Piece.FRAME_PART, new Uint8Array(65_536))),
    ],
    'a frame in a piece beyond 64 KiB': ['MalformedFrame', piece(Piece.FRAME, new Uint8Array(65_537))],
    'a part in a piece beyond 64 KiB': ['MalformedFrame', piece(Piece.FRAME_PART, new Uint8Array(65_537))],
    'a request in a piece beyond 64 KiB': ['MalformedFrame', piece(Piece.REQUEST, 1, new Uint8Array(65_537))],
    'data in a piece beyond 64 KiB': ['MalformedFrame', open(1), data(1, 65_537)],
    'parts of a request beyond the limit': [
      'LimitExceeded',
      ...Array.from({ length: 16 }, () => piece(Piece.REQUEST_PART, new Uint8Array(65_536))),
    ],
    'a message beyond the limit': ['LimitExceeded', piece(Piece.FRAME, new Uint8Array(MESSAGE_BYTES_MAX))],
    'a request without a number': ['MalformedFrame', Uint8Array.of(Piece.REQUEST)],
    'request number 0': ['MalformedFrame', piece(Piece.REQUEST, 0, none)],
    'a request number used twice': ['MalformedFrame', piece(Piece.REQUEST, 7, none), piece(Piece.REQUEST, 7, none)],
    'a request number that goes back': ['MalformedFrame', piece(Piece.REQUEST, 7, none), piece(Piece.REQUEST, 6, none)],
    'a reply to no request': ['MalformedFrame', piece(Piece.REPLY, 1, none)],
    'a failure of no request': ['MalformedFrame', piece(Piece.FAILURE, 1, Failure.INTERNAL, 0, 0)],
    'a cancellation of no request': ['MalformedFrame', piece(Piece.CANCEL, 1)],
    'stream number 0': ['MalformedFrame', open(0)],
    'a stream number used twice': ['MalformedFrame', open(1), open(1)],
    'a header beyond 64 KiB': ['MalformedFrame', piece(Piece.STREAM_OPEN, 1, new Uint8Array(65_537))],
    'more streams than may be': ['MalformedFrame', ...Array.from({ length: 65 }, (_, i) => open(i + 1))],
    'data for no stream': ['MalformedFrame', data(1, 1)],
    'the end of no stream': ['MalformedFrame', piece(Piece.STREAM_END, 1)],
    'an abort of no stream': ['MalformedFrame', piece(Piece.STREAM_ABORT, 1, none)],
    'data without bytes': ['MalformedFrame', open(1), data(1, 0)],
    'data beyond the window': ['MalformedFrame', open(1), ...windowful, data(1, 1)],
    'data after the end': ['MalformedFrame', open(1), piece(Piece.STREAM_END, 1), data(1, 1)],
    'an end after an abort': [
      'MalformedFrame',
      open(1),
      piece(Piece.STREAM_ABORT, 1, none),
      piece(Piece.STREAM_END, 1),
    ],
    'credit for no stream': ['MalformedFrame', piece(Piece.STREAM_CREDIT, 1, 1)],
    'an answer for no stream': ['MalformedFrame', piece(Piece.STREAM_ANSWER, 1, none)],
    'a refusal of no stream': ['MalformedFrame', piece(Piece.STREAM_REFUSE, 1, none)],
  };
  for (const [name, [code, ...messages]] of Object.entries(cases)) {
    test(name, async () => {
      const scene = await new Scene().start();
      const { socket, connection } = await scene.open();
      for (const message of messages) socket.send(message);
      await scene.world.advance(100);
      const end = scene.ends.get(connection);
      expect(end?.by).toBe('broken');
      expect(isFlotillaError(end?.error) ? end.error.code : String(end?.error)).toBe(code);
      expect(scene.victim.metrics.malformed).toBe(1);
      expect(scene.victim.metrics.connectionsBroken).toBe(1);
      expect(scene.events.map((event) => event.type)).toEqual(['connection-broken']);
      expect(await scene.servesOthers()).toBe(true);
    });
  }

  test('frames before the malformed piece of a message are still delivered', async () => {
    const scene = await new Scene().start();
    const { socket } = await scene.open();
    socket.send(join(piece(Piece.FRAME, Uint8Array.of(1)), piece(Piece.FRAME, Uint8Array.of(2)), Uint8Array.of(0x7f)));
    await scene.world.advance(100);
    expect(scene.received.map((frame) => [...frame])).toEqual([[1], [2]]);
  });
});

describe('answers that nobody asked for', () => {
  async function afterRequest(...messages: readonly Uint8Array[]): Promise<unknown> {
    const scene = await new Scene().start();
    const { socket, connection } = await scene.open();
    const reply = connection.request(Uint8Array.of(1)).then(
      (bytes) => [...bytes],
      (error: unknown) => (isFlotillaError(error) ? error.code : String(error)),
    );
    await scene.world.advance(10);
    for (const message of messages) socket.send(message);
    await scene.world.advance(10);
    const end = scene.ends.get(connection);
    expect(await scene.servesOthers()).toBe(true);
    return [await Promise.race([reply, Promise.resolve('waits')]), end?.by];
  }

  test('the right answer is taken', async () => {
    expect(await afterRequest(piece(Piece.REPLY, 1, Uint8Array.of(9)))).toEqual([[9], undefined]);
  });
  test('a second answer to one request', async () => {
    const answer = piece(Piece.REPLY, 1, Uint8Array.of(9));
    expect(await afterRequest(answer, answer)).toEqual([[9], 'broken']);
  });
  test('a failure for a reason that does not exist', async () => {
    expect(await afterRequest(piece(Piece.FAILURE, 1, 99, 0, 0))).toEqual(['ConnectionClosed', 'broken']);
  });

  async function afterStream(...messages: readonly Uint8Array[]): Promise<string | undefined> {
    const scene = await new Scene().start();
    const { socket, connection } = await scene.open();
    const stream = await scene.world.settle(connection.openStream(none));
    const answer = stream.finish().catch((error: unknown) => error);
    await scene.world.advance(10);
    for (const message of messages) socket.send(message);
    await scene.world.advance(10);
    const end = scene.ends.get(connection);
    if (end === undefined) expect(await scene.world.settle(answer)).toBeInstanceOf(Uint8Array);
    expect(await scene.servesOthers()).toBe(true);
    return end?.by;
  }

  test('the right answer of a stream is taken', async () => {
    expect(await afterStream(piece(Piece.STREAM_ANSWER, 1, Uint8Array.of(9)))).toBeUndefined();
  });
  test('a second answer of a stream', async () => {
    const answer = piece(Piece.STREAM_ANSWER, 1, Uint8Array.of(9));
    expect(await afterStream(answer, answer)).toBe('broken');
  });
  test('credit for bytes that were never sent', async () => {
    expect(await afterStream(piece(Piece.STREAM_CREDIT, 1, 1))).toBe('broken');
  });
  test('credit for a stream of the future', async () => {
    expect(await afterStream(piece(Piece.STREAM_CREDIT, 2, 1))).toBe('broken');
  });
});

describe('the handshake', () => {
  test('another version is refused with IncompatibleVersion, in the bytes of the refusal', async () => {
    const scene = await new Scene().start();
    const peer = await scene.raw();
    peer.socket.send(hello({ min: FORMAT_VERSION_MAX + 1, max: FORMAT_VERSION_MAX + 2 }));
    await scene.world.advance(100);
    expect(peer.received[0]?.[0]).toBe(Piece.REFUSED);
    expect(new TextDecoder().decode(peer.received[0])).toContain('IncompatibleVersion');
    expect(peer.closed).toBe(true);
  });

  test('a range of versions that includes ours is accepted', async () => {
    const scene = await new Scene().start();
    const peer = await scene.raw();
    peer.socket.send(hello({ min: 0, max: 200 }));
    await scene.world.advance(100);
    expect(peer.received[0]?.[0]).toBe(Piece.HELLO);
  });

  test('anything else before the hello ends the connection without a word', async () => {
    const bad = [none, Uint8Array.of(Piece.READY), hello({ magic: 1 }), hello({ bytes: 4200 }), Uint8Array.of(1, 0x46)];
    for (const message of bad) {
      const scene = await new Scene().start();
      const peer = await scene.raw();
      peer.socket.send(message);
      await scene.world.advance(100);
      expect(peer.closed).toBe(true);
      expect(peer.received).toEqual([]);
      expect(scene.victim.metrics).toMatchObject({ malformed: 1, handshakesFailed: 1, connectionsAccepted: 0 });
      expect(scene.events.map((event) => event.type)).toEqual(['handshake-failed']);
      expect(await scene.servesOthers()).toBe(true);
    }
  });

  test('READY without a hello, and a second hello, are refused', async () => {
    for (const messages of [
      [hello(), hello()],
      [hello(), Uint8Array.of(Piece.READY, 0)],
    ]) {
      const scene = await new Scene().start();
      const peer = await scene.raw();
      for (const message of messages) peer.socket.send(message);
      await scene.world.advance(100);
      expect(peer.closed).toBe(true);
      expect(scene.accepted).toEqual([]);
    }
  });
});

describe('a peer that sends and does not read', () => {
  test('requests beyond the limit are answered with Overloaded, not held', async () => {
    const scene = await new Scene().start();
    let handled = 0;
    scene.answer = () => {
      handled++;
      return new Promise(() => {});
    };
    const { socket, received } = await scene.open();
    for (let i = 1; i <= 100; i++) socket.send(piece(Piece.REQUEST, i, none));
    await scene.world.advance(100);
    expect(handled).toBe(10);
    expect(scene.victim.metrics.requestsRefused).toBe(90);
    const failures = received.flatMap((message) => [...message]).filter((byte) => byte === Piece.FAILURE);
    expect(failures.length).toBeGreaterThanOrEqual(90);
  });

  test('bodies of requests in hand are bounded by bytes', async () => {
    const scene = await new Scene(8_000_000).start();
    let handled = 0;
    scene.answer = () => {
      handled++;
      return new Promise(() => {});
    };
    const { socket } = await scene.open();
    const part = join(...Array.from({ length: 4 }, () => piece(Piece.REQUEST_PART, new Uint8Array(62_500))));
    for (let i = 1; i <= 5; i++) {
      for (let n = 0; n < 30; n++) socket.send(part);
      socket.send(piece(Piece.REQUEST, i, none));
    }
    await scene.world.advance(100);
    expect(handled).toBe(2);
    expect(scene.victim.metrics.requestsRefused).toBe(3);
  });

  test('answers that are not read are bounded: in the end the connection breaks with Overloaded', async () => {
    const scene = await new Scene().start();
    scene.answer = () => new Promise(() => {});
    const { socket, connection } = await scene.open();
    scene.network.clog('victim', 'hostile');
    let number = 0;
    while (scene.ends.get(connection) === undefined && number < 1_000_000) {
      const writer = new ByteWriter(64 * 1024);
      for (let i = 0; i < 10_000; i++) {
        writer.u8(Piece.REQUEST);
        writer.varint(++number);
        writer.varint(0);
      }
      socket.send(writer.take());
      await scene.world.advance(2);
    }
    const end = scene.ends.get(connection);
    expect(isFlotillaError(end?.error, 'Overloaded')).toBe(true);
    expect(number).toBeLessThan(200_000);
    expect(await scene.servesOthers()).toBe(true);
  });

  test('however many pings, one answer waits', async () => {
    const scene = await new Scene().start();
    const { socket, received } = await scene.open();
    const before = received.length;
    for (let i = 0; i < 100; i++) socket.send(new Uint8Array(10_000).fill(Piece.PING));
    await scene.world.advance(100);
    expect(received.length - before).toBeGreaterThan(0);
    expect(received.slice(before).reduce((sum, message) => sum + message.length, 0)).toBeLessThanOrEqual(100);
  });
});

describe('fuzzing', () => {
  const number = fc.oneof(fc.nat(4), fc.nat(300));
  const bytes = fc.uint8Array({ maxLength: 40 });
  const anyPiece = fc.oneof(
    fc.tuple(fc.constantFrom(Piece.FRAME, Piece.FRAME_PART, Piece.REQUEST_PART), bytes).map(([k, b]) => piece(k, b)),
    fc
      .tuple(
        fc.constantFrom(
          Piece.REQUEST,
          Piece.REPLY,
          Piece.STREAM_OPEN,
          Piece.STREAM_DATA,
          Piece.STREAM_ABORT,
          Piece.STREAM_ANSWER,
          Piece.STREAM_REFUSE,
        ),
        number,
        bytes,
      )
      .map(([k, n, b]) => piece(k, n, b)),
    fc.tuple(fc.constantFrom(Piece.CANCEL, Piece.STREAM_END), number).map(([k, n]) => piece(k, n)),
    fc.tuple(number, number).map(([n, credit]) => piece(Piece.STREAM_CREDIT, n, credit)),
    fc.tuple(number, fc.nat(5), number, number).map(([n, r, m, a]) => piece(Piece.FAILURE, n, r, m, a)),
    fc.constantFrom(Uint8Array.of(Piece.PING), Uint8Array.of(Piece.PONG)),
    fc.uint8Array({ maxLength: 8 }),
  );
  const message = fc.array(anyPiece, { minLength: 1, maxLength: 8 }).map((pieces) => join(...pieces));

  test('whatever a peer sends, its connection goes on or breaks with a typed error, and others are served', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 8 }), async (messages) => {
        const scene = await new Scene().start();
        const { socket, connection, streams } = await scene.open();
        const waiting = [
          connection.request(Uint8Array.of(1)),
          connection.openStream(none).then((stream) => stream.finish()),
        ].map((promise) => promise.catch((error: unknown) => expect(isFlotillaError(error)).toBe(true)));
        for (const bytesSent of messages) {
          socket.send(bytesSent);
          await scene.world.advance(2);
          for (const stream of streams.splice(0)) {
            const reading = (async (): Promise<void> => {
              for await (const chunk of stream) expect(chunk.length).toBeGreaterThan(0);
              stream.answer(none);
            })();
            waiting.push(reading.catch((error: unknown) => expect(isFlotillaError(error)).toBe(true)));
          }
        }
        await scene.world.advance(10);
        const end = scene.ends.get(connection);
        if (end !== undefined) expect(isFlotillaError(end.error)).toBe(true);
        expect(scene.events.filter((event) => event.type === 'callback-failed')).toEqual([]);
        expect(await scene.servesOthers()).toBe(true);
        connection.destroy(new Error('over'));
        await scene.world.settle(Promise.all(waiting));
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});
