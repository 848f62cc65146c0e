import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlotillaClient } from '@flotilla/client';
import { systemRuntime } from '@flotilla/runtime/system';
import type { Transport } from '@flotilla/transport';
import { quicTransport } from '@flotilla/transport-quic';
import { webSocketTransport } from '@flotilla/transport-ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerStatus } from '../src/serve/host-status.js';
import { Certificates, tlsOf, type TlsSettings } from './harness/certificates.js';
import { CountingLoad } from './harness/counters.js';
import { temporaryFolder } from './harness/program.js';
import { Servers, type Settings, type TestServer } from './harness/servers.js';
import { until } from './harness/until.js';

/** Makes the native library of QUIC one that is not installed. */
const WITHOUT_LIBRARY = `
import { registerHooks } from 'node:module';
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('@currentspace/')) return next(specifier, context);
    throw Object.assign(new Error('Cannot find package ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
  },
});
`;

// Each test goes on with the cluster that the one before it left.
describe('a cluster with QUIC between some of its nodes, and WebSocket to one that has no QUIC', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let certificates: Certificates;
  let hook: string;
  let ofNode: TlsSettings[];
  let servers: Servers;
  let transports: Transport[];
  let client: FlotillaClient;
  let load: CountingLoad;

  beforeAll(async () => {
    folder = await temporaryFolder();
    certificates = await Certificates.make(join(folder.path, 'certificates'));
    ofNode = [];
    for (const nodeId of [1, 2, 3]) ofNode.push(await certificates.node(`node-${nodeId}`, { nodeId }));
    hook = join(folder.path, 'without-library.mjs');
    await writeFile(hook, WITHOUT_LIBRARY);
    servers = await Servers.start(join(folder.path, 'cluster'), {
      count: 1,
      groups: 4,
      perServer: () => ({ ...ofNode[0] }),
      nodeFlags: () => ['--import', hook],
    });
    // They join at the WebSocket of the first, which has no other way to reach them than that they dial it.
    for (const number of [2, 3]) {
      const settings = (port: number): Settings => ({ ...ofNode[number - 1], listen: [`quic://127.0.0.1:${port}`] });
      await (await servers.prepare(`node-${number}`, settings)).start();
    }
    await servers.settled();
    const tls = await tlsOf(await certificates.client('application'));
    const options = { runtime: systemRuntime, tls };
    transports = [webSocketTransport(options), quicTransport(options)];
    client = await FlotillaClient.connect({
      endpoints: servers.list.map(({ listen }, index) => (index === 0 ? listen : listen.replace('wss:', 'quic:'))),
      transports,
      runtime: systemRuntime,
      requestTimeoutMs: 60_000,
    });
    load = new CountingLoad(client, 'mixed', 8);
  });
  afterAll(async () => {
    await load?.stop();
    await client?.close();
    await Promise.all((transports ?? []).map((transport) => transport.close()));
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const place = (number: number): TestServer => servers.list[number - 1] ?? expect.fail('no such server');
  const loadGoesOn = async (): Promise<void> => {
    const more = load.acknowledged + 200;
    await until('the load goes on', () => load.acknowledged > more);
    expect(load.errors).toEqual([]);
  };
  /** Schemes of the links between 1 and 2, 1 and 3, 2 and 3. */
  const links = async (): Promise<string> => {
    const [one, two] = await Promise.all([place(1).status(), place(2).status()]);
    const scheme = (from: ServerStatus, to: number): string | undefined =>
      from.peers.find(({ id }) => id === to)?.address?.split(':')[0];
    return [scheme(one, 2), scheme(one, 3), scheme(two, 3)].join();
  };
  const linkedBy = async (...schemes: string[]): Promise<void> => {
    await until(`they are linked by ${schemes.join(' or ')}`, async () => schemes.includes(await links()));
  };

  test('peers choose what both speak', async () => {
    await linkedBy('wss,wss,quic');
    await loadGoesOn();
  });

  test.each([1, 2, 3])('node %i is killed under load and comes back over what it was linked by', async (number) => {
    await place(number).kill();
    await loadGoesOn();
    await place(number).start();
    await servers.settled();
    await linkedBy('wss,wss,quic');
    await loadGoesOn();
  });

  test('a node that listens on WebSocket instead is reached by that, and by either where it listens on both', async () => {
    const server = place(3);
    const { port } = new URL(server.listen);
    const [quic, wss] = [`quic://127.0.0.1:${port}`, `wss://127.0.0.1:${port}`];
    await server.stop();
    await server.start({ listen: [wss] });
    await servers.settled();
    // The third dials the second where that is faster: by what the second listens on.
    await linkedBy('wss,wss,wss', 'wss,wss,quic');
    await loadGoesOn();
    await server.stop();
    await server.start({ listen: [quic, wss] });
    await servers.settled();
    await linkedBy('wss,wss,wss', 'wss,wss,quic');
    expect((await server.status()).addresses).toEqual([quic, wss]);
    await loadGoesOn();
  });

  test('a node without QUIC joins, though the first of its seeds is one that it cannot dial', async () => {
    const server = await servers.prepare('node-4', {
      ...(await certificates.node('node-4', { nodeId: 4 })),
      voter: false,
    });
    server.nodeFlags = ['--import', hook];
    await server.start({ seeds: [place(2).listen.replace('wss:', 'quic:'), place(1).listen] });
    await server.ready();
    expect((await server.status()).peers.find(({ id }) => id === 1)?.address).toMatch(/^wss:/);
    await loadGoesOn();
  });

  test('nothing that was acknowledged was lost, nothing was applied twice', async () => {
    await loadGoesOn();
    await load.stop();
    await servers.caughtUp();
    expect(await load.problems(client)).toEqual([]);
  });
});
