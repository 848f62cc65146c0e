import { ByteWriter } from '@flotilla/bytes';
import { systemRuntime } from '@flotilla/runtime/system';
import type { CloseReason, Connection } from '@flotilla/transport';
import { TestHandshake } from '@flotilla/transport/conformance';
import { FORMAT_VERSION_MAX, MAGIC, MESSAGE_BYTES_MAX, Piece, STREAMS_MAX } from '@flotilla/transport/multiplex';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinMessages, StreamKind } from '../src/channel-format.js';
import { FakeNetwork, FakeTransport } from './fake-transport.js';
import { rawSession, type RawSession } from './raw-session.js';

function hello(): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(Piece.HELLO);
  writer.u32(MAGIC);
  writer.u8(1);
  writer.u8(FORMAT_VERSION_MAX);
  writer.u32(1_000_000);
  writer.u32(100);
  return writer.take();
}

/** A piece: a kind, then varints and length-prefixed bytes. */
function piece(kind: number, ...fields: readonly (number | Uint8Array)[]): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(kind);
  for (const field of fields) {
    if (typeof field === 'number') writer.varint(field);
    else writer.bytes(field);
  }
  return writer.take();
}

/** A length as it stands before a message, without the message. */
function length(bytes: number): Uint8Array {
  const written = new Uint8Array(4);
  new DataView(written.buffer).setUint32(0, bytes, true);
  return written;
}

const END = joinMessages(new Uint8Array(0), [], 0);
const empty = new Uint8Array(0);

/** A victim with an honest connection that must not notice anything. */
class Scene implements AsyncDisposable {
  readonly victim: FakeTransport;
  readonly #honest: FakeTransport;
  readonly ends: CloseReason[] = [];
  #connection: Connection | undefined;
  #address = '';

  constructor() {
    const network = new FakeNetwork();
    this.victim = new FakeTransport(network, { handshakeTimeoutMs: 300 });
    this.#honest = new FakeTransport(network);
  }

  async start(): Promise<this> {
    const listener = await this.victim.listen('fake://127.0.0.1:0', {
      handshake: new TestHandshake('victim'),
      accept: (connection) => {
        connection.attach({
          frames: () => {},
          request: (body) => Promise.resolve(body),
          stream: () => {},
          drained: () => {},
          closed: (reason) => void this.ends.push(reason),
        });
      },
    });
    this.#address = listener.address;
    this.#connection = await this.#honest.dial(this.#address, { handshake: new TestHandshake('honest') });
    this.#connection.attach({
      frames: () => {},
      request: (body) => Promise.resolve(body),
      stream: () => {},
      drained: () => {},
      closed: () => {},
    });
    await this.servesOthers();
    return this;
  }

  /** A QUIC connection, before the handshake. */
  fresh(): RawSession {
    return rawSession(this.victim.connect(this.#address).dialled);
  }

  /** After the handshake, with the streams of both lanes. */
  async open(): Promise<{ peer: RawSession; frames: RawSession['control']; requests: RawSession['control'] }> {
    const peer = this.fresh();
    const answered = peer.answered();
    peer.control.send(hello());
    await answered;
    peer.control.send(Uint8Array.of(Piece.READY));
    return { peer, frames: peer.open(StreamKind.FRAMES), requests: peer.open(StreamKind.REQUESTS) };
  }

  async servesOthers(): Promise<void> {
    expect((await this.#connection?.request(Uint8Array.of(1, 2)))?.length).toBe(2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#honest.close();
    await this.victim.close();
  }
}

describe('before the handshake is over', () => {
  const cases: Readonly<Record<string, (peer: RawSession) => void>> = {
    'a message longer than a hello': (peer) => peer.control.write(length(5_000)),
    'an empty message': (peer) => peer.control.send(empty),
    'what is no hello': (peer) => peer.control.send(new Uint8Array(100).fill(0xff)),
    'a second control stream': (peer) => void peer.open(StreamKind.CONTROL),
    'a stream of no kind': (peer) => void peer.open(0x47),
    'bytes after the end': (peer) => {
      peer.control.write(END);
      peer.control.write(END);
    },
    'pieces of the lanes on the control stream': (peer) => {
      peer.control.send(hello());
      peer.control.send(piece(Piece.FRAME, Uint8Array.of(1)));
    },
  };
  for (const [name, send] of Object.entries(cases)) {
    test(`${name} ends its own connection, and no other`, async () => {
      await using scene = await new Scene().start();
      const peer = scene.fresh();
      send(peer);
      await peer.closed;
      await scene.servesOthers();
      expect(scene.victim.metrics.handshakesFailed).toBe(1);
      expect(scene.victim.metrics.connectionsAccepted).toBe(1);
    });
  }

  test('silence, half a length, and streams that say nothing end at the deadline', async () => {
    await using scene = await new Scene().start();
    const silent = scene.fresh();
    const half = scene.fresh();
    half.control.write(length(10).subarray(0, 2));
    const many = scene.fresh();
    for (let i = 0; i < 200; i++) void many.open(StreamKind.BYTES);
    await Promise.all([silent.closed, half.closed, many.closed]);
    await scene.servesOthers();
    expect(scene.victim.metrics.handshakesFailed).toBe(3);
  });
});

describe('after the handshake', () => {
  type Open = Awaited<ReturnType<Scene['open']>>;
  const cases: Readonly<Record<string, (open: Open) => void>> = {
    'a message beyond the limit': ({ frames }) => frames.write(length(MESSAGE_BYTES_MAX + 1)),
    'an empty message': ({ frames }) => frames.send(empty),
    'a frame on the control stream': ({ peer }) => peer.control.send(piece(Piece.FRAME, Uint8Array.of(1))),
    'a frame on the stream of requests': ({ requests }) => requests.send(piece(Piece.FRAME, Uint8Array.of(1))),
    'a request on the stream of frames': ({ frames }) => frames.send(piece(Piece.REQUEST, 1, Uint8Array.of(1))),
    'a byte stream on the stream of requests': ({ requests }) => requests.send(piece(Piece.STREAM_OPEN, 1, empty)),
    'a ping on the stream of frames': ({ frames }) => frames.send(piece(Piece.PING)),
    'a second stream of frames': ({ peer }) => void peer.open(StreamKind.FRAMES),
    'bytes after the end of a lane': ({ frames }) => {
      frames.write(END);
      frames.send(piece(Piece.FRAME, Uint8Array.of(1)));
    },
    'data of a byte stream before its opening': ({ peer }) =>
      peer.open(StreamKind.BYTES).send(piece(Piece.STREAM_DATA, 1, Uint8Array.of(1))),
    'two openings on one QUIC stream': ({ peer }) => {
      const stream = peer.open(StreamKind.BYTES);
      stream.send(piece(Piece.STREAM_OPEN, 1, empty));
      stream.send(piece(Piece.STREAM_OPEN, 2, empty));
    },
    'a number that is open already': ({ peer }) => {
      for (let i = 0; i < 2; i++) peer.open(StreamKind.BYTES).send(piece(Piece.STREAM_OPEN, 1, empty));
    },
    'data of a stream on the QUIC stream of another': ({ peer }) => {
      const [first, second] = [peer.open(StreamKind.BYTES), peer.open(StreamKind.BYTES)];
      first.send(piece(Piece.STREAM_OPEN, 1, empty));
      second.send(piece(Piece.STREAM_OPEN, 2, empty));
      second.send(piece(Piece.STREAM_DATA, 1, Uint8Array.of(1)));
    },
    'an answer to a stream that it opened itself': ({ peer }) => {
      const stream = peer.open(StreamKind.BYTES);
      stream.send(piece(Piece.STREAM_OPEN, 1, empty));
      stream.send(piece(Piece.STREAM_ANSWER, 1, empty));
    },
    'more QUIC streams than may be open': ({ peer }) => {
      for (let i = 0; i < 2 * STREAMS_MAX + 1; i++) {
        peer.open(StreamKind.BYTES).send(piece(Piece.STREAM_OPEN, i + 1, empty));
      }
    },
  };
  for (const [name, send] of Object.entries(cases)) {
    test(`${name} ends its own connection, counted, and no other`, async () => {
      await using scene = await new Scene().start();
      const open = await scene.open();
      send(open);
      await open.peer.closed;
      await scene.servesOthers();
      expect(scene.ends.map((end) => end.by)).toEqual(['broken']);
      expect(scene.victim.metrics.malformed).toBe(1);
    });
  }

  test('whatever bytes come, on whatever stream, nothing but their own connection ends', async () => {
    await using scene = await new Scene().start();
    const anything = fc.array(
      fc.record({
        to: fc.constantFrom('control', 'frames', 'requests', 'bytes', 'datagram'),
        whole: fc.boolean(),
        bytes: fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 40 }),
          fc
            .tuple(fc.constantFrom(...Object.values(Piece)), fc.uint8Array({ maxLength: 20 }))
            .map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
        ),
      }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(anything, async (messages) => {
        const { peer, frames, requests } = await scene.open();
        const bytes = peer.open(StreamKind.BYTES);
        const datagrams = peer.session.datagrams.createWritable().getWriter();
        for (const message of messages) {
          if (message.to === 'datagram') {
            datagrams.write(message.bytes).catch(() => {});
            continue;
          }
          const to = { control: peer.control, frames, requests, bytes }[message.to];
          if (message.whole) to.send(message.bytes);
          else to.write(message.bytes);
        }
        await scene.servesOthers();
        peer.close();
        await peer.closed;
      }),
      { numRuns: 150 },
    );
  });

  test('a peer that ends before it has opened its lanes is let go', async () => {
    await using scene = await new Scene().start();
    const peer = scene.fresh();
    const answered = peer.answered();
    peer.control.send(hello());
    await answered;
    peer.control.write(END);
    await peer.closed;
    await scene.servesOthers();
    expect(scene.victim.metrics.handshakesFailed).toBe(1);
  });

  test('a peer that promises ends which never come holds nobody', async () => {
    await using scene = await new Scene().start();
    const { peer } = await scene.open();
    peer.control.write(joinMessages(empty, [], 1_000));
    await systemRuntimeTurns(5);
    expect(scene.victim.metrics.connectionsOpen).toBe(2);
    peer.close();
    await peer.closed;
    await scene.servesOthers();
    expect(scene.ends.map((end) => end.by)).toEqual(['remote']);
  });
});

async function systemRuntimeTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
}
