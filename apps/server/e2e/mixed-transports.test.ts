import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates, tlsOf, type TlsSettings } from './harness/certificates.js';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { temporaryFolder } from './harness/program.js';
import { Servers, type TestServer } from './harness/servers.js';
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
  let servers: Servers;
  let connected: TestClient;
  let load: CountingLoad;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const certificates = await Certificates.make(join(folder.path, 'certificates'));
    const ofNode: TlsSettings[] = [];
    for (const nodeId of [1, 2, 3]) ofNode.push(await certificates.node(`node-${nodeId}`, { nodeId }));
    const hook = join(folder.path, 'without-library.mjs');
    await writeFile(hook, WITHOUT_LIBRARY);
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 4,
      perServer: (place, port) => ({
        ...ofNode[place - 1],
        listen: [...(place === 3 ? [] : [`quic://127.0.0.1:${port}`]), `wss://127.0.0.1:${port}`],
      }),
      nodeFlags: (place) => (place === 3 ? ['--import', hook] : []),
    });
    connected = await connect(servers.endpoints, { tls: await tlsOf(await certificates.client('application')) });
    load = new CountingLoad(connected.client, 'mixed', 8);
  });
  afterAll(async () => {
    await load?.stop();
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const place = (number: number): TestServer => servers.list[number - 1] ?? expect.fail('no such server');
  const loadGoesOn = async (): Promise<void> => {
    const more = load.acknowledged + 200;
    await until('the load goes on', () => load.acknowledged > more);
    expect(load.errors).toEqual([]);
  };
  /** Scheme of the link between two nodes, as the first sees it; undefined without one. */
  const scheme = async (from: number, to: number): Promise<string | undefined> => {
    const peer = (await place(from).status()).peers.find(({ id }) => id === to);
    return peer?.address?.split(':')[0];
  };
  const links = async (): Promise<(string | undefined)[]> => [
    await scheme(1, 2),
    await scheme(1, 3),
    await scheme(2, 3),
  ];
  const linkedBy = async (schemes: string): Promise<void> => {
    await until(`they are linked by ${schemes}`, async () => (await links()).join() === schemes);
  };

  test('peers choose what both speak', async () => {
    await linkedBy('quic,wss,wss');
    const { addresses } = await place(1).status();
    expect(addresses).toEqual([expect.stringMatching(/^quic:/), expect.stringMatching(/^wss:/)]);
    await loadGoesOn();
  });

  test.each([1, 2, 3])('node %i is killed under load and comes back over what it was linked by', async (number) => {
    await place(number).kill();
    await loadGoesOn();
    await place(number).start();
    await servers.settled();
    await linkedBy('quic,wss,wss');
    await loadGoesOn();
  });

  test('a node that no longer listens on QUIC is reached by WebSocket, until it does again', async () => {
    const server = place(2);
    const port = new URL(server.listen).port;
    await server.stop();
    await server.start({ listen: [`wss://127.0.0.1:${port}`] });
    await servers.settled();
    await linkedBy('wss,wss,wss');
    await loadGoesOn();
    await server.stop();
    await server.start({ listen: [`quic://127.0.0.1:${port}`, `wss://127.0.0.1:${port}`] });
    await servers.settled();
    // Links that work stay; the next are made at the address that is named first.
    await until('its addresses are known', async () => (await place(1).status()).peers[0]?.addresses.length === 2);
    await server.kill();
    await server.start();
    await servers.settled();
    await linkedBy('quic,wss,wss');
  });

  test('nothing that was acknowledged was lost, nothing was applied twice', async () => {
    await loadGoesOn();
    await load.stop();
    await servers.caughtUp();
    expect(await load.problems(connected.client)).toEqual([]);
  });
});
