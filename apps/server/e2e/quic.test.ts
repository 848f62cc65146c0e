import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates, tlsFlags, tlsOf, type TlsSettings } from './harness/certificates.js';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { run, temporaryFolder } from './harness/program.js';
import { Servers, type TestServer } from './harness/servers.js';
import { until } from './harness/until.js';

// Each test goes on with the cluster that the one before it left.
describe('a cluster of Node and Deno that has nothing but QUIC', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let person: TlsSettings;
  let servers: Servers;
  let connected: TestClient;
  let load: CountingLoad;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const certificates = await Certificates.make(join(folder.path, 'certificates'));
    const ofNode: TlsSettings[] = [];
    for (const nodeId of [1, 2, 3]) ofNode.push(await certificates.node(`node-${nodeId}`, { nodeId }));
    person = await certificates.client('person');
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 4,
      perServer: (place, port) => ({ ...ofNode[place - 1], listen: [`quic://127.0.0.1:${port}`] }),
      runtimes: (place) => (place === 3 ? 'deno' : 'node'),
    });
    connected = await connect(servers.endpoints, { tls: await tlsOf(await certificates.client('application')) });
    load = new CountingLoad(connected.client, 'quic', 8);
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

  test('is founded and joined, and its links are QUIC', async () => {
    await loadGoesOn();
    for (const server of servers.list) {
      const { peers } = await server.status();
      expect(peers.map(({ address }) => address?.split(':')[0])).toEqual(['quic', 'quic']);
    }
  });

  test('serves commands at quic: endpoints', async () => {
    const flags = [...tlsFlags(person), `--endpoints=${servers.endpoints.join(',')}`];
    expect(await run(['kv', 'put', 'by-quic', 'yes', ...flags])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['kv', 'get', 'by-quic', ...flags])).toMatchObject({ code: 0, stdout: 'yes\n' });
    const bare = await run(['kv', 'get', 'by-quic', `--endpoints=${servers.endpoints.join(',')}`]);
    expect(bare.code).toBe(2);
    expect(bare.stderr).toMatch(/quic:.* needs certificates/);
  });

  for (const [number, runtime] of [
    [3, 'Deno'],
    [2, 'Node'],
  ] as const) {
    test(`a member on ${runtime} that is killed is missed, and found again when it is back`, async () => {
      await place(number).kill();
      const others = servers.list.filter((server) => server !== place(number));
      await until('the others know', async () => {
        const statuses = await Promise.all(others.map(async (server) => await server.status()));
        return statuses.every(({ peers }) => peers.find(({ id }) => id === number)?.connected === false);
      });
      await loadGoesOn();
      await place(number).start();
      await servers.settled();
      await loadGoesOn();
      // The links of its former life may be exchanged for those of this one just now.
      await until('it is linked to all', async () =>
        (await place(number).status()).peers.every((peer) => peer.connected),
      );
    });
  }

  test('nothing that was acknowledged was lost, nothing was applied twice', async () => {
    await load.stop();
    await servers.caughtUp();
    expect(await load.problems(connected.client)).toEqual([]);
  });
});

test('a server that is to listen on QUIC without certificates says what it lacks, and touches nothing', async () => {
  await using folder = await temporaryFolder();
  const data = join(folder.path, 'data');
  const ran = await run(['serve', '--listen', 'quic://127.0.0.1:0', '--data-folder', data]);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toMatch(/listen: quic:.* needs certificates: set tlsCa, tlsCert and tlsKey/);
});
