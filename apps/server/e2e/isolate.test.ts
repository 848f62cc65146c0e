import vm from 'node:vm';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates, tlsOf } from './harness/certificates.js';
import { connect, type TestClient } from './harness/client.js';
import { temporaryFolder } from './harness/program.js';
import { freePorts } from './harness/ports.js';
import { Servers } from './harness/servers.js';
import { leaderOf } from './harness/status.js';
import { until } from './harness/until.js';
import { bundleWorker, Workerd } from './isolate/workerd.js';
import type worker from './isolate/worker.js';

// Each test goes on with the cluster that the one before it left.
describe('a client in an isolate that has fetch and WebSocket and nothing else', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  let connected: TestClient;
  let workerd: Workerd;

  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Servers.start(join(folder.path, 'cluster'), { groups: 4 });
    connected = await connect(servers.endpoints);
    workerd = await Workerd.start(join(folder.path, 'workerd'), servers.endpoints);
  });
  afterAll(async () => {
    await workerd?.[Symbol.asyncDispose]();
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const ask = async (method: string, path: string, body?: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(`${workerd.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(40_000),
    });
    return { status: response.status, text: await response.text() };
  };

  test('it puts, gets, scans and deletes keys; others see what it wrote, and it what they wrote', async () => {
    for (let place = 0; place < 20; place++) {
      expect(await ask('PUT', `/keys/isolate/${place}`, `value ${place}`)).toMatchObject({ status: 200 });
    }
    expect((await connected.client.get('isolate/7'))?.text()).toBe('value 7');
    expect(await ask('GET', '/count/isolate/')).toEqual({ status: 200, text: '{"count":20}' });
    await connected.client.put('isolate/7', 'of another');
    expect(await ask('GET', '/keys/isolate/7')).toEqual({ status: 200, text: 'of another' });
    expect(await ask('DELETE', '/keys/isolate/7')).toEqual({ status: 200, text: '{"deleted":1}' });
    expect(await ask('GET', '/keys/isolate/7')).toMatchObject({ status: 404 });
  });

  test('a value of a mebibyte goes both ways', async () => {
    const value = 'ä'.repeat(524_288);
    expect(await ask('PUT', '/keys/large', value)).toMatchObject({ status: 200 });
    expect((await ask('GET', '/keys/large')).text === value).toBe(true);
  });

  test('requests at the same time do not disturb each other', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, place) => await ask('PUT', `/keys/at-once/${place}`, String(place))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(await connected.client.range({ prefix: 'at-once/' }, { countOnly: true })).toMatchObject({ count: 40 });
  });

  test('it watches a key', async () => {
    const next = ask('GET', '/next/watched-key');
    await until('the watch has begun', async () => await connected.client.get('watched-key/watched'));
    await connected.client.put('watched-key', 'seen');
    expect(await next).toEqual({ status: 200, text: 'seen' });
  });

  test('a client that a Durable Object keeps serves many requests, one after the other and at once', async () => {
    for (let place = 0; place < 5; place++) {
      expect(await ask('PUT', `/kept/keys/kept/${place}`, String(place))).toMatchObject({ status: 200 });
    }
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, place) => await ask('GET', `/kept/keys/kept/${place % 5}`)),
    );
    expect(answers.map(({ text }) => text)).toEqual(answers.map((_, place) => String(place % 5)));
  });

  test('it follows a new leader when one is killed', async () => {
    const put = await ask('PUT', '/kept/keys/followed', 'before');
    const { group } = JSON.parse(put.text) as { readonly group: number };
    const leader = leaderOf(await servers.statuses(), group)?.status.id ?? 0;
    const killed = await servers.byId(leader);
    await killed.kill();
    expect(await ask('PUT', '/kept/keys/followed', 'after')).toMatchObject({ status: 200 });
    expect(await ask('GET', '/keys/followed')).toEqual({ status: 200, text: 'after' });
    await killed.start();
    await servers.settled();
  });

  test('where nobody answers it says so, and its isolate lives', async () => {
    const [port] = await freePorts(1);
    await using lost = await Workerd.start(join(folder.path, 'lost'), [`ws://127.0.0.1:${port}`], { timeoutMs: 1_000 });
    for (const path of ['/keys/a', '/kept/keys/a']) {
      const response = await fetch(`${lost.url}${path}`, { signal: AbortSignal.timeout(40_000) });
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'Unreachable', outcome: 'definite' });
    }
    expect((await fetch(lost.url)).status).toBe(200);
  });

  test('where servers want certificates it proves that it has one, and is refused without', async () => {
    const certificates = await Certificates.make(join(folder.path, 'certificates'));
    const [port] = await freePorts(1);
    // By its name, since workerd does not look for addresses in certificates; and over TLS, since nothing is proven over less.
    const page = `wss://localhost:${port}`;
    const ofNode = await certificates.node('node-1', { more: ['--host', 'localhost'] });
    await using certified = await Servers.start(join(folder.path, 'certified'), {
      count: 1,
      groups: 2,
      settings: { ...ofNode, listenPages: [`wss://127.0.0.1:${port}`] },
    });
    const { ca, cert, key } = await tlsOf(await certificates.client('edge'));
    const authority = String(ca);
    await using proven = await Workerd.start(join(folder.path, 'proven'), [page], {
      authority,
      certificate: cert,
      key,
    });
    const put = await fetch(`${proven.url}/keys/proven`, { method: 'PUT', body: 'x' });
    expect([put.status, await put.text()]).toEqual([200, expect.stringContaining('revision')]);
    expect(certified.list).toHaveLength(1);
    await using stranger = await Workerd.start(join(folder.path, 'stranger'), [page], { authority, timeoutMs: 1_000 });
    const refused = await fetch(`${stranger.url}/keys/proven`);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ code: 'Unauthorized', outcome: 'definite' });
  });

  test('the same script runs in a context that has ECMAScript and the web’s globals only', async () => {
    const names = [
      'AbortController AbortSignal DOMException Event EventTarget MessageChannel Request Response TextDecoder TextEncoder',
      'URL WebSocket crypto performance queueMicrotask setTimeout clearTimeout',
      // Of ECMAScript, and here because this WebSocket gives those of its own realm.
      'ArrayBuffer Uint8Array',
    ].flatMap((line) => line.split(' '));
    const globals = Object.fromEntries(names.map((name) => [name, (globalThis as Record<string, unknown>)[name]]));
    const context = vm.createContext(globals);
    vm.runInContext(await bundleWorker('iife'), context);
    const { default: bare } = (context as { worker?: { default: typeof worker } }).worker ?? { default: undefined };
    const environment = { ENDPOINTS: servers.endpoints.join(','), TIMEOUT_MS: '30000' };
    const put = await bare?.fetch(new Request('http://bare/keys/bare', { method: 'PUT', body: 'x' }), environment);
    expect([put?.status, await put?.text()]).toEqual([200, expect.stringContaining('revision')]);
    const got = await bare?.fetch(new Request('http://bare/keys/bare'), environment);
    expect([got?.status, await got?.text()]).toEqual([200, 'x']);
  });
});
