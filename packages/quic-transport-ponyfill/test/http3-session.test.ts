import { describe, expect, test } from 'vitest';
import { connectHttp3, serveHttp3 } from '../src/http3/index.js';
import { openSession, ORIGIN, readAll, text, utf8 } from './http3-peers.js';
import { MemorySession } from './memory-native.js';

describe('streams and datagrams of a session (draft-ietf-webtrans-http3, section 4)', () => {
  test.each(['client', 'server'] as const)('bidirectional, opened by the %s', async (opener) => {
    const { client, server } = await openSession();
    const [near, far] = opener === 'client' ? [client, server.session] : [server.session, client];
    const opened = await near.openBidirectional();
    const taken = await far.acceptBidirectional();
    await opened.write(utf8('ping'), true);
    expect(await readAll(taken!)).toBe('ping');
    await taken!.write(utf8('po'), false);
    await taken!.write(utf8('ng'), true);
    expect(await readAll(opened)).toBe('pong');
  });

  test.each(['client', 'server'] as const)('unidirectional, opened by the %s', async (opener) => {
    const { client, server } = await openSession();
    const [near, far] = opener === 'client' ? [client, server.session] : [server.session, client];
    const opened = await near.openUnidirectional();
    const taken = await far.acceptUnidirectional();
    expect([opened.direction, taken!.direction]).toStrictEqual(['outgoing', 'incoming']);
    await opened.write(utf8('one way'), true);
    expect(await readAll(taken!)).toBe('one way');
  });

  test('a stream is seen before its first byte', async () => {
    const { client, server } = await openSession();
    await client.openBidirectional();
    expect(await server.session.acceptBidirectional()).toBeDefined();
  });

  test('streams that nobody takes are bounded, and those above it refused alone', async () => {
    const { client, server } = await openSession();
    const opened = [];
    for (let count = 0; count < 4_100; count++) opened.push(await client.openUnidirectional());
    // The listener sorts them in turns of its own.
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
    await expect(opened[4_099]!.write(utf8('too many'), false)).rejects.toMatchObject({ code: 'StreamStopped' });
    await opened[4_095]!.write(utf8('the last that fits'), false);
    for (let count = 0; count < 4_096; count++) await server.session.acceptUnidirectional();
    const next = await client.openUnidirectional();
    await next.write(utf8('room again'), true);
    expect(await readAll((await server.session.acceptUnidirectional())!)).toBe('room again');
  });

  test.each([0, 1, 0x1e, 0xff, 0xffff_ffff])('application code %d of a reset and of a stop', async (code) => {
    const { client, server } = await openSession();
    const [opened, taken] = [await client.openBidirectional(), await server.session.acceptBidirectional()];
    opened.reset(code);
    await expect(taken!.read()).rejects.toMatchObject({ code: 'StreamReset', streamErrorCode: code, source: 'stream' });
    opened.stop(code);
    await expect(taken!.write(utf8('x'), false)).rejects.toMatchObject({
      code: 'StreamStopped',
      streamErrorCode: code,
    });
  });

  test('a reset with a code that is no application code has none', async () => {
    const { client, server, native } = await openSession();
    const raw = await native.client.openUnidirectional();
    await raw.write(Uint8Array.of(0x40, 0x54, 0), false);
    const taken = await server.session.acceptUnidirectional();
    raw.reset(0x10c);
    await expect(taken!.read()).rejects.toMatchObject({ code: 'StreamReset', streamErrorCode: null });
    client.close(0, '');
  });

  test('datagrams go both ways, and too long ones are dropped', async () => {
    const { client, server } = await openSession();
    expect(client.sendDatagram(utf8('there'))).toBe(true);
    expect(text(await server.session.receiveDatagram())).toBe('there');
    expect(server.session.sendDatagram(utf8('back'))).toBe(true);
    expect(text(await client.receiveDatagram())).toBe('back');
    expect(client.maxDatagramSize).toBe(1_199);
    expect(client.sendDatagram(new Uint8Array(1_200))).toBe(false);
    expect(client.sendDatagram(new Uint8Array(1_199))).toBe(true);
  });

  test('datagrams that nobody reads are bounded: the oldest go', async () => {
    const { client, server } = await openSession({ limits: { incomingDatagrams: 2 } });
    for (const content of ['1', '2', '3']) client.sendDatagram(utf8(content));
    await client.openUnidirectional();
    await server.session.acceptUnidirectional();
    expect(text(await server.session.receiveDatagram())).toBe('2');
  });
});

describe('the end of a session (draft-ietf-webtrans-http3, section 6)', () => {
  test.each(['client', 'server'] as const)('code and reason of a close by the %s arrive', async (closer) => {
    const { client, server } = await openSession();
    const [near, far] = closer === 'client' ? [client, server.session] : [server.session, client];
    const stream = await near.openBidirectional();
    const taken = await far.acceptBidirectional();
    near.close(0xffff_ffff, 'enough ✓');
    expect(await far.closed).toStrictEqual({ by: 'peer', code: 0xffff_ffff, reason: 'enough ✓' });
    expect(await near.closed).toMatchObject({ by: 'local', code: 0xffff_ffff });
    await expect(taken!.read()).rejects.toMatchObject({ code: 'SessionClosed' });
    await expect(stream.write(utf8('x'), false)).rejects.toMatchObject({ code: 'SessionClosed' });
    await expect(far.openBidirectional()).rejects.toMatchObject({ code: 'SessionClosed' });
    expect(await far.acceptBidirectional()).toBeUndefined();
    expect(await near.acceptUnidirectional()).toBeUndefined();
    expect(await far.receiveDatagram()).toBeUndefined();
    expect(near.sendDatagram(utf8('x'))).toBe(false);
  });

  test('the streams of an ended session are abandoned with WT_SESSION_GONE', async () => {
    const { client, server, native } = await openSession();
    const raw = await native.client.openBidirectional();
    await raw.write(Uint8Array.of(0x40, 0x41, 0), false);
    await server.session.acceptBidirectional();
    server.session.close(1, '');
    await Promise.all([client.closed, server.session.closed]);
    expect(raw.told).toStrictEqual({ reset: 0x170d7b68, stop: 0x170d7b68 });
  });

  test('a connection that ends takes its sessions along, as a failure', async () => {
    const { client, server, native } = await openSession();
    native.client.close(0x100, '');
    expect(await server.session.closed).toMatchObject({ by: 'error', error: { code: 'ConnectionLost' } });
    expect(await client.closed).toMatchObject({ by: 'local' });
  });

  test('drain asks the sessions to end, and refuses new ones', async () => {
    const { client, http3 } = await openSession({ limits: { lingerMs: 10 } });
    http3.drain();
    await client.draining;
    expect(await (await client.openBidirectional()).write(utf8('still there'), true)).toBeUndefined();
    client.close(0, '');
    await http3.closed;
    expect(await http3.accept()).toBeUndefined();
  });

  test('either side may ask the other to end soon', async () => {
    const { client, server } = await openSession();
    server.session.drain();
    await client.draining;
    client.drain();
    await server.session.draining;
  });

  test('a connection without a session is closed', async () => {
    const { client, server } = MemorySession.pair();
    const http3 = serveHttp3(server, { limits: { requestTimeoutMs: 10 } });
    await http3.closed;
    expect(await client.closed).toMatchObject({ by: 'peer' });
  });
});

describe('whose requests are taken', () => {
  const attempt = async (
    policy: Parameters<typeof serveHttp3>[1],
    request: { readonly path?: string; readonly origin?: string } = {},
  ): Promise<string> => {
    const native = MemorySession.pair();
    const http3 = serveHttp3(native.server, policy);
    try {
      const options = { authority: 'node:1', path: '/', framed: false, ...request };
      const [session, accepted] = await Promise.all([connectHttp3(native.client, options), http3.accept()]);
      session.close(0, '');
      return `taken ${accepted?.request.path}`;
    } catch (error) {
      return (error as Error).message.replace(/.*status /, '');
    } finally {
      native.client.close(0, '');
    }
  };

  test('an origin that is not listed gets 403, by default every one', async () => {
    expect(await attempt({}, { origin: ORIGIN })).toBe('403');
    expect(await attempt({ allowedOrigins: ['https://other.example'] }, { origin: ORIGIN })).toBe('403');
    expect(await attempt({ allowedOrigins: [`${ORIGIN}/`] }, { origin: ORIGIN })).toBe('taken /');
    expect(await attempt({ allowedOrigins: ['*'] }, { origin: 'null' })).toBe('taken /');
  });

  test('programs send no origin', async () => {
    expect(await attempt({})).toBe('taken /');
  });

  test('a path that is not listed gets 404; the query is not judged', async () => {
    expect(await attempt({ paths: ['/raft'] }, { path: '/' })).toBe('404');
    expect(await attempt({ paths: ['/raft'] }, { path: '/raft?x=1' })).toBe('taken /raft?x=1');
  });

  test('the application is asked last', async () => {
    expect(await attempt({ accept: () => false })).toBe('403');
    expect(await attempt({ accept: () => Promise.resolve(429) })).toBe('429');
    expect(await attempt({ accept: () => 200 })).toBe('500');
    expect(await attempt({ accept: () => Promise.reject(new Error('judge')) })).toBe('500');
    expect(
      await attempt({ accept: ({ authority, path }) => authority === 'node:1' && path === '/x' }, { path: '/x' }),
    ).toBe('taken /x');
  });

  test.each([{ allowedOrigins: ['pages.example'] }, { allowedOrigins: ['https://a/b'] }, { paths: ['raft'] }])(
    'a policy that makes no sense: %o',
    (policy) => {
      expect(() => serveHttp3(MemorySession.pair().server, policy)).toThrow(/is not of the form/);
    },
  );

  test('the parameter of the query says that frames are expected', async () => {
    const native = MemorySession.pair();
    const http3 = serveHttp3(native.server);
    const connecting = connectHttp3(native.client, { authority: 'node:1', path: '/a?b=c', framed: true });
    expect(await http3.accept()).toMatchObject({ framed: true, request: { path: '/a?b=c', origin: undefined } });
    (await connecting).close(0, '');
  });
});

describe('a client', () => {
  test('an aborted attempt rejects with its reason', async () => {
    const controller = new AbortController();
    const connecting = connectHttp3(MemorySession.pair().client, {
      authority: 'node:1',
      path: '/',
      framed: false,
      signal: controller.signal,
    });
    controller.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
  });

  test('a server that never answers is given up by the limit', async () => {
    const { client } = MemorySession.pair();
    const limits = { requestTimeoutMs: 10 };
    await expect(connectHttp3(client, { authority: 'n', path: '/', framed: false, limits })).rejects.toMatchObject({
      code: 'ConnectFailed',
    });
  });
});
