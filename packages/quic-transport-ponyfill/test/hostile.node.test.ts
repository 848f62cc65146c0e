import { createSocket, type Socket } from 'node:dgram';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeControlFrame, VERSION } from '../src/framing/control-frames.js';
import { concatBytes, encodeVarint } from '../src/http3/varint.js';
import { connect, listen, type QuicListener, type QuicSession } from '../src/index.js';
import type { NativeSession } from '../src/native/native-session.js';
import { makeCluster, type TestCluster } from './certificates.js';
import { ALPN, GOOD_HELLO, greeted, rawClient } from './hostile-peer.js';

let cluster: TestCluster;
let listener: QuicListener;
const sessions: QuicSession[] = [];

beforeAll(async () => {
  cluster = await makeCluster();
  listener = await listen({
    hostname: '127.0.0.1',
    alpn: ALPN,
    connectTimeoutMs: 1_500,
    streamWindowBytes: 10_000,
    maxIncomingBidirectionalStreams: 4,
    tls: { ca: cluster.authority.cert, cert: cluster.server.cert, key: cluster.server.key },
  });
  void (async () => {
    for await (const session of listener) sessions.push(session);
  })();
});

afterAll(async () => {
  await listener.close();
});

/** The session that the listener made of the latest client. */
async function latest(): Promise<QuicSession> {
  for (;;) {
    const session = sessions.pop();
    if (session !== undefined) return session;
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

/** An honest client is served, whatever came before. */
async function honestClientIsServed(): Promise<void> {
  await using client = connect(`quic://127.0.0.1:${listener.address.port}`, {
    alpn: ALPN,
    tls: {
      ca: cluster.authority.cert,
      cert: cluster.client.cert,
      key: cluster.client.key,
      serverName: 'node.flotilla',
    },
  });
  await client.ready;
  await latest();
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const frame = (type: number, body: Uint8Array): Uint8Array =>
  concatBytes(encodeVarint(type), encodeVarint(body.length), body);

/** A socket on loopback, and where it is. */
async function udp(onMessage: (bytes: Uint8Array) => void): Promise<Socket> {
  const socket = createSocket('udp4', (bytes) => onMessage(new Uint8Array(bytes)));
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return socket;
}

test('first packets from addresses that never answer hold no place among the sessions (RFC 9000 section 8.1.2)', async () => {
  const small = await listen({
    hostname: '127.0.0.1',
    alpn: ALPN,
    maxSessions: 16,
    tls: { ca: cluster.authority.cert, cert: cluster.server.cert, key: cluster.server.key },
  });
  // Packets as clients begin with, of clients whom nobody answered.
  const begun = new Map<string, Uint8Array>();
  const enough = Promise.withResolvers<void>();
  const silent = await udp((bytes) => {
    const connectionId = String(bytes.subarray(6, 6 + (bytes[5] ?? 0)));
    if (!begun.has(connectionId)) begun.set(connectionId, bytes);
    if (begun.size === 32) enough.resolve();
  });
  const tls = {
    ca: cluster.authority.cert,
    cert: cluster.client.cert,
    key: cluster.client.key,
    serverName: 'node.flotilla',
  };
  const gone = new AbortController();
  const attempts = Array.from({ length: 32 }, () =>
    connect(`quic://127.0.0.1:${silent.address().port}`, {
      alpn: ALPN,
      connectTimeoutMs: 20_000,
      signal: gone.signal,
      tls,
    }),
  );
  await enough.promise;
  gone.abort();
  await Promise.allSettled(attempts.map(({ ready }) => ready));
  for (const bytes of begun.values()) {
    await new Promise((resolve) => {
      silent.send(bytes, small.address.port, '127.0.0.1', resolve);
    });
  }
  await using client = connect(`quic://127.0.0.1:${small.address.port}`, { alpn: ALPN, connectTimeoutMs: 10_000, tls });
  await client.ready;
  await small.close();
  silent.close();
});

describe('in place of a hello', () => {
  const openings: readonly (readonly [name: string, bytes: Uint8Array])[] = [
    ['another stream than the control stream', bytes(1, 0)],
    ['a frame type that nobody knows', concatBytes([0], frame(63, bytes(1, 2, 3)))],
    ['a frame that says it is endless', concatBytes([0], encodeVarint(1), encodeVarint(2 ** 50))],
    ['a frame just over the limit', concatBytes([0], encodeVarint(1), encodeVarint(32 * 1024 + 1))],
    ['a hello that is cut off', concatBytes([0], frame(1, bytes(1, 2, 3)))],
    ['a hello with more than belongs there', concatBytes([0], frame(1, new Uint8Array(100).fill(1)))],
    ['another version', concatBytes([0], encodeControlFrame({ ...GOOD_HELLO, version: VERSION + 1 }))],
    [
      'a hello of a server',
      concatBytes(
        [0],
        encodeControlFrame({
          type: 'server-hello',
          version: VERSION,
          limits: GOOD_HELLO.limits,
          chain: [],
          signature: bytes(),
        }),
      ),
    ],
    ['a ping', concatBytes([0], encodeControlFrame({ type: 'ping', token: 1 }))],
    ['noise', crypto.getRandomValues(new Uint8Array(4_000)).map((byte, at) => (at === 0 ? 0 : byte | 1))],
  ];
  for (const [name, opening] of openings) {
    test(`${name} ends the connection at once, with the reason`, async () => {
      const session = await rawClient(cluster, listener.address.port);
      const control = await session.openBidirectional();
      await control.write(opening, false);
      const close = await session.closed;
      expect(close.by).toBe('peer');
      expect(close.reason).toMatch(/^0:/u);
      expect(sessions).toEqual([]);
      await honestClientIsServed();
    });
  }

  test('silence ends the connection in time', async () => {
    const session = await rawClient(cluster, listener.address.port);
    const close = await session.closed;
    expect([close.by, close.reason]).toEqual(['peer', expect.stringContaining('no hello within 1500 ms')]);
  });

  test('a hello byte by byte is still late', async () => {
    const session = await rawClient(cluster, listener.address.port);
    const control = await session.openBidirectional();
    const dripping = setInterval(() => {
      control.write(bytes(0x40, 1), false).catch(() => clearInterval(dripping)); // the connection has ended
    }, 50);
    const close = await session.closed;
    clearInterval(dripping);
    expect(close.by).toBe('peer');
    await honestClientIsServed();
  });

  test('of those who say nothing the oldest goes, and who says hello is served', async () => {
    // Its time to say hello would last: who goes goes because others come.
    const small = await listen({
      hostname: '127.0.0.1',
      alpn: ALPN,
      connectTimeoutMs: 60_000,
      maxSessions: 20,
      tls: { ca: cluster.authority.cert, cert: cluster.server.cert, key: cluster.server.key },
    });
    const port = small.address.port;
    const waiting: NativeSession[] = [];
    for (let at = 0; at < 16; at++) waiting.push(await rawClient(cluster, port));
    await using client = connect(`quic://127.0.0.1:${port}`, {
      alpn: ALPN,
      tls: {
        ca: cluster.authority.cert,
        cert: cluster.client.cert,
        key: cluster.client.key,
        serverName: 'node.flotilla',
      },
    });
    await client.ready;
    expect(await waiting[0]?.closed).toMatchObject({ by: 'peer', reason: expect.stringContaining('the oldest goes') });
    await small.close();
  });

  test('a client that leaves in the middle is forgotten', async () => {
    const session = await rawClient(cluster, listener.address.port);
    const control = await session.openBidirectional();
    await control.write(bytes(0, 1), false);
    session.close(0, '');
    await session.closed;
    await honestClientIsServed();
  });
});

describe('after the hello', () => {
  const breaches: readonly (readonly [name: string, breach: (session: NativeSession) => Promise<void>])[] = [
    ['a second hello', async (session) => write(session, 'control', encodeControlFrame(GOOD_HELLO))],
    ['an unknown control frame', async (session) => write(session, 'control', frame(99, bytes()))],
    ['a second control stream', async (session) => write(session, 'stream', bytes(0))],
    [
      'a stream number that was not granted',
      async (session) => write(session, 'stream', concatBytes(encodeVarint(5), [0])),
    ],
    ['more than the window', async (session) => write(session, 'stream', concatBytes([1], dataFrames(11_000)))],
    [
      'a data frame that is too long',
      async (session) => write(session, 'stream', concatBytes([1], encodeVarint(70_000))),
    ],
    ['bytes after the end', async (session) => write(session, 'stream', bytes(1, 0, 5))],
    ['bytes after an abort', async (session) => write(session, 'stream', bytes(1, 1, 9, 9))],
    [
      'an abort code of more than 32 bits',
      async (session) => write(session, 'stream', concatBytes([1, 1], encodeVarint(2 ** 33))),
    ],
    ['a reason that is not UTF-8', async (session) => write(session, 'control', frame(9, bytes(0, 0, 2, 0xff, 0xfe)))],
    [
      'a stream number twice',
      async (session) => {
        await write(session, 'stream', bytes(1, 2, 7));
        await write(session, 'stream', bytes(1, 2, 7));
      },
    ],
    [
      'more streams than allowed',
      async (session) => {
        for (const number of [1, 2, 3, 4]) await write(session, 'stream', bytes(number, 2, 7));
        await write(session, 'stream', bytes(5, 2, 7));
      },
    ],
  ];
  const controls = new WeakMap<NativeSession, Awaited<ReturnType<typeof greeted>>>();

  async function write(session: NativeSession, where: 'control' | 'stream', what: Uint8Array): Promise<void> {
    const stream = where === 'control' ? controls.get(session) : await session.openBidirectional();
    await stream?.write(what, false);
  }

  for (const [name, breach] of breaches) {
    test(`${name} ends the session with ProtocolViolation`, async () => {
      const native = await rawClient(cluster, listener.address.port);
      controls.set(native, await greeted(native));
      const session = await latest();
      await breach(native);
      await expect(session.closed).rejects.toMatchObject({ code: 'ProtocolViolation' });
      await native.closed;
      await honestClientIsServed();
    });
  }

  test('a stream that ends without END was cut off', async () => {
    const native = await rawClient(cluster, listener.address.port);
    await greeted(native);
    const session = await latest();
    const stream = await native.openBidirectional();
    await stream.write(bytes(1, 4, 7, 7, 7), true);
    const { value } = await session.incomingBidirectionalStreams.getReader().read();
    const text = new Response(value?.readable).text();
    await expect(text).rejects.toMatchObject({ code: 'StreamReset' });
    native.close(0, '');
    await session.closed;
  });

  test('stops, credits and drains about nothing are nothing', async () => {
    const native = await rawClient(cluster, listener.address.port);
    const control = await greeted(native);
    const session = await latest();
    for (let id = 0; id < 10_000; id += 1_000) {
      await control.write(
        concatBytes(
          encodeControlFrame({ type: 'stop', id, code: 1 }),
          encodeControlFrame({ type: 'credit', id, limit: 5 }),
          encodeControlFrame({ type: 'drain' }),
          encodeControlFrame({ type: 'pong', token: 5 }),
        ),
        false,
      );
    }
    await session.draining;
    native.close(0, '');
    await session.closed;
  });

  test('a flood of pings is answered within bounds', async () => {
    const native = await rawClient(cluster, listener.address.port);
    const control = await greeted(native);
    const session = await latest();
    const pings = concatBytes(
      ...Array.from({ length: 2_000 }, (_, token) => encodeControlFrame({ type: 'ping', token })),
    );
    for (let at = 0; at < 20; at++) await control.write(pings, false);
    expect((await control.read())?.length).toBeGreaterThan(0);
    native.close(0, '');
    await session.closed;
  });

  test('ten thousand single bytes in frames of their own are read whole', async () => {
    const native = await rawClient(cluster, listener.address.port);
    await greeted(native);
    const session = await latest();
    const stream = await native.openBidirectional();
    await stream.write(concatBytes([1], ...Array.from({ length: 9_999 }, () => bytes(2, 65)), [0]), true);
    const { value } = await session.incomingBidirectionalStreams.getReader().read();
    const text = await new Response(value?.readable).text();
    expect(text).toBe('A'.repeat(9_999));
    native.close(0, '');
    await session.closed;
  });
});

function dataFrames(length: number): Uint8Array {
  return concatBytes(encodeVarint(length + 1), new Uint8Array(length));
}
