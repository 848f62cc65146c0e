import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../src/http3/frame.js';
import type { Field } from '../src/http3/qpack.js';
import { encodeHeaders } from '../src/http3/request-messages.js';
import { concatBytes, encodeVarint } from '../src/http3/varint.js';
import { CONNECT, prefixed, RawClient, readAll, statusOf, text, utf8 } from './http3-peers.js';

const GREASE = encodeFrame(0x1f * 7 + 0x21, utf8('grease'));
const without = (name: string): readonly Field[] => CONNECT.filter(([key]) => key !== name);
const withField = (name: string, value: string): readonly Field[] => [...without(name), [name, value]];

describe('what ends the connection, and with which code (RFC 9114)', () => {
  const cases: readonly (readonly [string, number, (client: RawClient) => Promise<unknown>])[] = [
    [
      'a control stream without SETTINGS (6.2.1)',
      0x10a,
      (client) => client.uni(concatBytes([0], encodeFrame(7, Uint8Array.of(0)))),
    ],
    ['a second SETTINGS (7.2.4)', 0x105, (client) => client.control([[0x33, 1]], encodeFrame(4, new Uint8Array()))],
    ['a setting of HTTP/2 (7.2.4.1)', 0x109, (client) => client.control([[2, 1]])],
    ['SETTINGS beyond the limit', 0x107, (client) => client.uni(concatBytes([0, 4], encodeVarint(1_000_000)))],
    ['DATA on the control stream (7.2.1)', 0x105, (client) => client.control([], encodeFrame(0, new Uint8Array(1)))],
    ['HEADERS on the control stream (7.2.2)', 0x105, (client) => client.control([], encodeFrame(1, new Uint8Array(1)))],
    ['a frame of HTTP/2 (7.2.8)', 0x105, (client) => client.control([], encodeFrame(6, new Uint8Array(8)))],
    ['CANCEL_PUSH of nothing (7.2.3)', 0x108, (client) => client.control([], encodeFrame(3, Uint8Array.of(0)))],
    [
      'a GOAWAY of two bytes too many (7.1)',
      0x106,
      (client) => client.control([], encodeFrame(7, Uint8Array.of(0, 0, 0))),
    ],
    [
      'a GOAWAY that grows (5.2)',
      0x108,
      (client) => client.control([], concatBytes(encodeFrame(7, Uint8Array.of(4)), encodeFrame(7, Uint8Array.of(8)))),
    ],
    [
      'a MAX_PUSH_ID that falls (7.2.7)',
      0x108,
      (client) => client.control([], concatBytes(encodeFrame(13, Uint8Array.of(4)), encodeFrame(13, Uint8Array.of(3)))),
    ],
    [
      'a control stream that ends (6.2.1)',
      0x104,
      async (client) => (await client.control()).write(new Uint8Array(), true),
    ],
    ['a control stream that is reset (6.2.1)', 0x104, async (client) => (await client.control()).reset(0)],
    ['a second control stream (6.2.1)', 0x103, async (client) => [await client.control(), await client.control()]],
    ['a push stream of a client (6.2.2)', 0x103, (client) => client.uni(Uint8Array.of(1, 0))],
    [
      'two encoder streams (RFC 9204, 4.2)',
      0x103,
      async (client) => [await client.uni(Uint8Array.of(2)), await client.uni(Uint8Array.of(2))],
    ],
    ['an encoder stream that ends (RFC 9204, 4.2)', 0x104, (client) => client.uni(Uint8Array.of(2), true)],
    ['an insertion into the dynamic table', 0x201, (client) => client.uni(Uint8Array.of(2, 0x3f, 0xbd, 1))],
    ['an acknowledgement of nothing', 0x202, (client) => client.uni(Uint8Array.of(3, 0x84))],
    [
      'fields that refer to the dynamic table',
      0x200,
      (client) => client.bidi(encodeFrame(1, Uint8Array.of(0, 0, 0x80))),
    ],
    ['DATA before HEADERS (4.1)', 0x105, (client) => client.bidi(encodeFrame(0, utf8('x')))],
    ['SETTINGS on a request stream (7.2.4)', 0x105, (client) => client.bidi(encodeFrame(4, new Uint8Array()))],
    ['PUSH_PROMISE of a client (7.2.5)', 0x105, (client) => client.bidi(encodeFrame(5, Uint8Array.of(0)))],
    ['a frame that is cut off (7.1)', 0x106, (client) => client.bidi(Uint8Array.of(1, 5, 0, 0), true)],
    ["a WebTransport stream of a server's stream (4)", 0x108, (client) => client.uni(prefixed(0x54, 1, ''))],
    [
      'a WT_STREAM within a request (4.3)',
      0x106,
      (client) => client.bidi(concatBytes(GREASE, encodeVarint(0x41), [0])),
    ],
    [
      'a datagram without its session (RFC 9297, 2.1)',
      0x33,
      async (client) => client.native.sendDatagram(Uint8Array.of(0x40)),
    ],
    ['an empty datagram', 0x33, async (client) => client.native.sendDatagram(new Uint8Array())],
  ];

  test.each(cases)('%s', async (_, code, act) => {
    const client = new RawClient();
    await act(client).catch(() => undefined);
    expect(await client.native.closed).toMatchObject({ by: 'peer', code });
  });

  test('no SETTINGS in time', async () => {
    const client = new RawClient({ limits: { requestTimeoutMs: 10 } });
    await client.request(CONNECT);
    expect(await client.native.closed).toMatchObject({ by: 'peer', code: 0x10a });
  });
});

describe('what is answered, or ends its stream alone', () => {
  test.each<[string, string, readonly Field[]]>([
    ['GET', '404', [[':method', 'GET'], ...CONNECT.slice(1, 4)]],
    ['HEAD', '404', [[':method', 'HEAD'], ...CONNECT.slice(1, 4)]],
    ['POST', '405', [[':method', 'POST'], ...CONNECT.slice(1, 4)]],
    [
      'a plain CONNECT',
      '405',
      [
        [':method', 'CONNECT'],
        [':authority', 'node:1'],
      ],
    ],
    ['another protocol', '501', withField(':protocol', 'websocket').toSorted()],
    ['a scheme that is not https', '400', withField(':scheme', 'http').toSorted()],
    ['too many bytes of fields', '431', [...CONNECT, ['x', 'y'.repeat(20_000)]]],
    ['too many fields', '431', [...CONNECT, ...Array.from({ length: 500 }, (): Field => ['x', ''])]],
  ])('%s: status %s', async (_, status, fields) => {
    const client = new RawClient();
    await client.control();
    const stream = await client.request(fields);
    expect(await statusOf(stream)).toBe(status);
    expect(await stream.read()).toBeUndefined();
  });

  test.each<[string, readonly Field[]]>([
    ['no :method', without(':method')],
    ['no :path', without(':path')],
    ['an empty :path', withField(':path', '').toSorted()],
    ['no :authority', without(':authority')],
    ['a pseudo field twice', [...CONNECT, [':path', '/']]],
    ['a pseudo field after others', [...without(':path'), ['a', 'b'], [':path', '/']]],
    ['a pseudo field that is unknown', [...CONNECT, [':status', '200']]],
    ['an upper-case name', [...CONNECT, ['Origin', 'x']]],
    ['a field of the connection', [...CONNECT, ['connection', 'close']]],
    ['te of another value', [...CONNECT, ['te', 'gzip']]],
    ['a value with a line break', [...CONNECT, ['x', 'a\r\nb']]],
    ['two origins', [...CONNECT, ['origin', 'https://a'], ['origin', 'https://b']]],
    [':protocol of a GET', [[':method', 'GET'], ...CONNECT.slice(1)]],
    ['a plain CONNECT with a path', without(':protocol')],
  ])('malformed (4.1.2): %s', async (_, fields) => {
    const client = new RawClient();
    await client.control();
    const stream = await client.request(fields);
    await expect(stream.read()).rejects.toMatchObject({ code: 'StreamReset', streamErrorCode: 0x10e });
    expect(await statusOf(await client.request(CONNECT))).toBe('200');
  });

  test('a client without HTTP datagrams has no session', async () => {
    const client = new RawClient();
    await client.control([]);
    await expect((await client.request(CONNECT)).read()).rejects.toMatchObject({ streamErrorCode: 0x10e });
  });

  test('unknown frames, streams and settings are passed over (9)', async () => {
    const client = new RawClient();
    await client.control(
      [
        [0x33, 1],
        [0x1f * 9 + 0x21, 5],
      ],
      concatBytes(GREASE, encodeFrame(13, Uint8Array.of(4))),
    );
    const unknown = await client.uni(concatBytes(encodeVarint(0x1f * 5 + 0x21), utf8('whatever')));
    expect(await statusOf(await client.bidi(concatBytes(GREASE, encodeHeaders(CONNECT))))).toBe('200');
    expect(unknown.told.stop).toBe(0x103);
  });

  test('one session above the limit is rejected, and room comes back (H3_REQUEST_REJECTED)', async () => {
    const client = new RawClient({ limits: { sessions: 2 } });
    await client.control();
    const [first, second] = [await client.request(CONNECT), await client.request(CONNECT)];
    expect([await statusOf(first), await statusOf(second)]).toStrictEqual(['200', '200']);
    await expect((await client.request(CONNECT)).read()).rejects.toMatchObject({ streamErrorCode: 0x10b });
    await first.write(new Uint8Array(), true);
    expect(await first.read()).toBeUndefined();
    expect(await statusOf(await client.request(CONNECT))).toBe('200');
  });

  test('streams that say nothing are bounded', async () => {
    const client = new RawClient({ limits: { unsortedStreams: 2 } });
    await client.native.openUnidirectional();
    await client.native.openBidirectional();
    await expect((await client.native.openBidirectional()).read()).rejects.toMatchObject({ streamErrorCode: 0x107 });
  });

  test('asking for what is refused keeps no connection', async () => {
    const client = new RawClient({ paths: ['/other'], limits: { requestTimeoutMs: 50 } });
    await client.control();
    let ended = false;
    const close = client.native.closed.finally(() => {
      ended = true;
    });
    while (!ended) {
      // What comes late is reset, as is what the end of the connection overtakes.
      const asked = await client
        .request(CONNECT)
        .then(statusOf)
        .catch(() => 'over');
      expect(['404', 'over']).toContain(asked);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
    expect(await close).toMatchObject({ by: 'peer', code: 0x100 });
  });

  test('whoever is judged for longer than a connection may be without a session hears the answer', async () => {
    const verdict = Promise.withResolvers<boolean>();
    const client = new RawClient({ limits: { requestTimeoutMs: 20 }, accept: () => verdict.promise });
    await client.control();
    const asked = client.request(CONNECT);
    await new Promise((resolve) => {
      setTimeout(resolve, 60);
    });
    const late = await client.request(CONNECT);
    await expect(late.read()).rejects.toMatchObject({ streamErrorCode: 0x10b });
    verdict.resolve(false);
    expect(await statusOf(await asked)).toBe('403');
    expect(await client.native.closed).toMatchObject({ by: 'peer', code: 0x100 });
  });

  test('a request whose fields do not come loses its stream', async () => {
    const client = new RawClient({ limits: { requestTimeoutMs: 20 } });
    await client.control();
    const session = await client.request(CONNECT);
    expect(await statusOf(session)).toBe('200');
    await expect((await client.bidi(Uint8Array.of(1, 9, 0, 0))).read()).rejects.toMatchObject({ code: 'StreamReset' });
  });
});

describe('what comes before its session (4.6)', () => {
  test('waits for it, in order, within bounds', async () => {
    const client = new RawClient({ limits: { bufferedStreams: 2, bufferedDatagrams: 1 } });
    await client.control();
    const connect = await client.native.openBidirectional();
    const early = await client.uni(prefixed(0x54, connect.id, 'first'), true);
    await client.bidi(prefixed(0x41, connect.id, 'second'), true);
    client.native.sendDatagram(concatBytes(encodeVarint(connect.id / 4), utf8('kept')));
    client.native.sendDatagram(concatBytes(encodeVarint(connect.id / 4), utf8('dropped')));
    const rejected = await client.bidi(prefixed(0x41, connect.id, 'third'));
    await expect(rejected.read()).rejects.toMatchObject({ streamErrorCode: 0x3994bd84 });
    await connect.write(encodeHeaders(CONNECT), false);
    const accepted = await client.http3.accept();
    expect(await readAll((await accepted!.session.acceptUnidirectional())!)).toBe('first');
    expect(await readAll((await accepted!.session.acceptBidirectional())!)).toBe('second');
    expect(text(await accepted!.session.receiveDatagram())).toBe('kept');
    expect(early.told.stop).toBeUndefined();
  });

  test('is refused once the request is', async () => {
    const client = new RawClient({ accept: () => false });
    await client.control();
    const connect = await client.native.openBidirectional();
    const early = await client.bidi(prefixed(0x41, connect.id, ''));
    await connect.write(encodeHeaders(CONNECT), false);
    await expect(early.read()).rejects.toMatchObject({ streamErrorCode: 0x3994bd84 });
    const late = await client.bidi(prefixed(0x41, connect.id, ''));
    await expect(late.read()).rejects.toMatchObject({ streamErrorCode: 0x3994bd84 });
  });
});

describe('the CONNECT stream', () => {
  const open = async (): Promise<{
    client: RawClient;
    connect: Awaited<ReturnType<RawClient['request']>>;
    session: NonNullable<Awaited<ReturnType<RawClient['http3']['accept']>>>['session'];
  }> => {
    const client = new RawClient();
    await client.control();
    const connect = await client.request(CONNECT);
    const accepted = await client.http3.accept();
    return { client, connect, session: accepted!.session };
  };

  test('an end without a capsule is a close with code 0', async () => {
    const { connect, session } = await open();
    await connect.write(new Uint8Array(), true);
    expect(await session.closed).toStrictEqual({ by: 'peer', code: 0, reason: '' });
  });

  test('a reset is a failure of the session', async () => {
    const { connect, session } = await open();
    connect.reset(0x10c);
    expect(await session.closed).toMatchObject({ by: 'error', error: { code: 'ConnectionLost' } });
  });

  test('a capsule over several frames, trailers after it', async () => {
    const { connect, session } = await open();
    const capsule = concatBytes(encodeVarint(0x2843), [7], [0, 0, 0, 5], utf8('bye'));
    for (const byte of capsule) await connect.write(concatBytes(encodeFrame(0, Uint8Array.of(byte)), GREASE), false);
    await connect.write(encodeHeaders([['x', 'y']]), true);
    expect(await session.closed).toStrictEqual({ by: 'peer', code: 5, reason: 'bye' });
  });

  test.each([
    ['a malformed capsule', concatBytes(encodeFrame(0, concatBytes(encodeVarint(0x2843), [1, 0])))],
    ['DATA after trailers', concatBytes(encodeHeaders([['x', 'y']]), encodeFrame(0, utf8('x')))],
    ['a second SETTINGS', encodeFrame(4, new Uint8Array())],
  ])('%s ends the session as a failure', async (_, bytes) => {
    const { connect, session } = await open();
    await connect.write(bytes, false);
    expect(await session.closed).toMatchObject({ by: 'error' });
  });
});

test('a listener survives any bytes on any kind of stream', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          kind: fc.constantFrom('uni', 'bidi', 'control', 'connect', 'datagram'),
          bytes: fc.uint8Array({ maxLength: 60 }),
        }),
        { maxLength: 8 },
      ),
      async (acts) => {
        const client = new RawClient({ limits: { requestTimeoutMs: 50, lingerMs: 5 } });
        for (const { kind, bytes } of acts) {
          try {
            if (kind === 'datagram') client.native.sendDatagram(bytes);
            else if (kind === 'control') await client.control([[0x33, 1]], bytes);
            else if (kind === 'connect') await (await client.request(CONNECT)).write(bytes, false);
            else await client[kind === 'uni' ? 'uni' : 'bidi'](bytes);
          } catch (error) {
            expect(error).toMatchObject({ name: 'WebTransportError' });
          }
        }
        client.native.close(0x100, '');
        await client.http3.closed;
      },
    ),
    { numRuns: 200 },
  );
});
