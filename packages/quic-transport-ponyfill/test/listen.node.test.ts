import { beforeAll, describe, expect, test } from 'vitest';
import { type ListenOptions, listen } from '../src/index.js';
import { makeCluster, type TestCluster } from './certificates.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await makeCluster();
});

const options = (): ListenOptions => ({
  hostname: '127.0.0.1',
  tls: { cert: cluster.server.cert, key: cluster.server.key },
});

describe('a listener that is asked for what makes no sense', () => {
  test.each<[string, Partial<ListenOptions>]>([
    ['an origin without a scheme', { allowedOrigins: ['example.com'] }],
    ['an origin with a path', { allowedOrigins: ['https://example.com/page'] }],
    ['a path that is none', { paths: ['live'] }],
    ['a path with a query', { paths: ['/live?x=1'] }],
    ['no sessions at all', { maxSessions: 0 }],
    ['a number of sessions that is none', { maxSessions: Number.NaN }],
  ])('%s is refused at once, not at the first connection', async (_, wrong) => {
    await expect(listen({ ...options(), mode: 'webtransport', ...wrong })).rejects.toMatchObject({
      name: 'WebTransportError',
      code: 'InvalidArgument',
    });
  });
});

test('a signal that fires while the port is being bound ends it: the port is free again', async () => {
  const controller = new AbortController();
  const listening = listen({ ...options(), signal: controller.signal });
  controller.abort(new Error('no longer wanted'));
  await expect(listening).rejects.toThrow('no longer wanted');
});

test('a signal that fires later closes the listener', async () => {
  const controller = new AbortController();
  const listener = await listen({ ...options(), signal: controller.signal });
  controller.abort();
  const sessions: unknown[] = [];
  for await (const session of listener) sessions.push(session);
  expect(sessions).toEqual([]);
  await listener.close();
});

test('a listener that drains says so to the HTTP/3 connections, too: GOAWAY (RFC 9114 5.2)', async () => {
  await using listener = await listen({ ...options(), mode: 'webtransport' });
  const backend = await selectBackend('auto', { clientCertificates: false });
  const native = await backend.connect({
    alpn: ['h3'],
    hostname: '127.0.0.1',
    port: listener.address.port,
    serverName: 'node.flotilla',
    ca: cluster.authority.cert,
    idleTimeoutMs: 5_000,
    maxStreams: { bidirectional: 16, unidirectional: 16 },
    signal: AbortSignal.timeout(30_000),
  });
  const http3 = await connectHttp3(native, { authority: 'node:1', path: '/', framed: false });
  await listener[Symbol.asyncIterator]().next();
  listener.drain();
  await http3.draining;
  await expect(openAnother(native)).rejects.toMatchObject({ code: 'StreamReset' });
  native.close(0, '');
});
