import { beforeAll, describe, expect, test } from 'vitest';
import { type ListenOptions, listen } from '../src/index.js';
import { CONTROL_STREAM, GOAWAY, SETTINGS } from '../src/http3/frame.js';
import { StreamReader } from '../src/http3/stream-reader.js';
import { selectBackend } from '../src/native/select-backend.js';
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
    ['an origin with a star in it', { allowedOrigins: ['https://*.example.com'] }],
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
  const control = await native.acceptUnidirectional();
  const reader = new StreamReader(control!);
  expect([await reader.varint(), await reader.varint()]).toEqual([CONTROL_STREAM, SETTINGS]);
  await reader.exactly((await reader.varint()) ?? 0);
  listener.drain();
  expect([await reader.varint(), await reader.varint(), await reader.varint()]).toEqual([GOAWAY, 1, 0]);
  native.close(0, '');
});
