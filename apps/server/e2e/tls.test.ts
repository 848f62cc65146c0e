import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Certificates, tlsFlags, tlsOf, type TlsSettings } from './harness/certificates.js';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { run, temporaryFolder } from './harness/program.js';
import { Servers } from './harness/servers.js';
import { until } from './harness/until.js';

// Each test goes on with the cluster that the one before it left.
describe('a cluster over wss: with certificates of one authority', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let certificates: Certificates;
  let other: Certificates;
  let person: TlsSettings;
  let servers: Servers;
  let connected: TestClient;

  beforeAll(async () => {
    folder = await temporaryFolder();
    certificates = await Certificates.make(join(folder.path, 'certificates'));
    other = await Certificates.make(join(folder.path, 'others'), '--name', 'another authority');
    const ofNode: TlsSettings[] = [];
    for (const place of [1, 2, 3]) ofNode.push(await certificates.node(`node-${place}`, { nodeId: place }));
    person = await certificates.client('person');
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 2,
      perServer: (place) => ({ ...ofNode[place - 1] }),
    });
    connected = await connect(servers.endpoints, { tls: await tlsOf(await certificates.client('application')) });
  });
  afterAll(async () => {
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const flags = (files: TlsSettings): string[] => [...tlsFlags(files), `--endpoints=${servers.endpoints.join(',')}`];

  test('it is founded and joined, and every member is reached over wss:', async () => {
    for (const status of await servers.statuses()) {
      expect(status.lifecycle).toBe('ready');
      expect(status.addresses).toEqual([expect.stringMatching(/^wss:/)]);
      expect(status.peers.map((peer) => peer.connected)).toEqual([true, true]);
    }
  });

  test('a node is the one that its certificate names, without being told, and known by its key', async () => {
    const members = await connected.client.admin.members.list();
    const statuses = await servers.statuses();
    expect(members).toHaveLength(3);
    for (const { id, certificate } of statuses) {
      expect(members.find((member) => member.id === id)?.spkiPins).toEqual([certificate?.spkiPin]);
    }
    expect(statuses.map((status) => status.certificate?.nodeIds)).toEqual([[1], [2], [3]]);
    expect(statuses.map((status) => status.id)).toEqual([1, 2, 3]);
  });

  test('who shows a certificate of the authority is served, as an application and on the command line', async () => {
    await connected.client.put('greeting', 'hello');
    expect(await run(['kv', 'get', 'greeting', ...flags(person)])).toMatchObject({ code: 0, stderr: '' });
    const status = await run(['status', '--json', ...flags(person)]);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect((JSON.parse(status.stdout) as { readonly nodes: readonly unknown[] }).nodes).toHaveLength(3);
  });

  test('who shows none, or one of another authority, is refused', async () => {
    const endpoints = ['--endpoints', servers.endpoints.join(','), '--timeout-ms', '5000'];
    const without = await run(['kv', 'get', 'greeting', ...endpoints]);
    expect(without.code).not.toBe(0);
    expect(without.stdout).toBe('');
    const stranger = { ...(await other.client('stranger')), tlsCa: person.tlsCa };
    const refused = await run(['kv', 'get', 'greeting', ...flags(stranger), '--timeout-ms', '5000']);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toBe('');
    const fooled = await run(['kv', 'get', 'greeting', ...flags(await other.client('fool')), '--timeout-ms', '5000']);
    expect(fooled.code).not.toBe(0);
    expect(fooled.stderr).toContain('certificate');
  });

  test('a server of another authority is not let in, and harms nobody', async () => {
    const stranger = await servers.prepare('stranger', {
      ...(await other.node('strange-server')),
      joinRetryMaxAttempts: 2,
      joinRetryMaxBackoffMs: 200,
    });
    const { code, stderr } = await (await stranger.start()).ended;
    servers.list.pop();
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/Unauthorized|certificate/);
    expect((await connected.client.get('greeting'))?.text()).toBe('hello');
    expect(await connected.client.admin.members.list()).toHaveLength(3);
  });

  test('a member that was killed comes back under load, and nothing is lost', async () => {
    const load = new CountingLoad(connected.client, 'tls', 8);
    const [first] = servers.list;
    await first?.kill();
    const before = load.acknowledged;
    await until('the load goes on', () => load.acknowledged > before + 100);
    await first?.start();
    await servers.settled();
    await load.stop();
    expect(load.errors).toEqual([]);
    await servers.caughtUp();
    expect(await load.problems(connected.client)).toEqual([]);
  });
});
