import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate, type TestCertificate } from '../../../packages/transport-ws/test/certificates.js';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { run, temporaryFolder } from './harness/program.js';
import { Servers } from './harness/servers.js';
import { until } from './harness/until.js';

const LOOPBACK = [127, 0, 0, 1];

/** The paths of a certificate's files, as flags and settings want them. */
interface Files {
  readonly tlsCa: string;
  readonly tlsCert: string;
  readonly tlsKey: string;
}

// Each test goes on with the cluster that the one before it left.
describe('a cluster over wss: with certificates of one authority', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let authority: TestCertificate;
  let person: Files;
  let servers: Servers;
  let connected: TestClient;

  /** Writes a certificate for this machine, signed by `issuer`, and names its files. */
  const certify = async (commonName: string, issuer: TestCertificate): Promise<Files> => {
    const { cert, key } = await makeCertificate({ commonName, issuer, ipv4: LOOPBACK });
    const at = join(folder.path, 'certificates', commonName);
    await mkdir(at, { recursive: true });
    await Promise.all([
      writeFile(join(at, 'ca.pem'), issuer.cert),
      writeFile(join(at, 'cert.pem'), cert),
      writeFile(join(at, 'key.pem'), key),
    ]);
    return { tlsCa: join(at, 'ca.pem'), tlsCert: join(at, 'cert.pem'), tlsKey: join(at, 'key.pem') };
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    authority = await makeCertificate({ commonName: 'flotilla test authority', authority: true });
    const ofNode = await Promise.all([1, 2, 3].map(async (place) => await certify(`node-${place}`, authority)));
    person = await certify('person', authority);
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 2,
      perServer: (place) => ({ ...ofNode[place - 1] }),
    });
    const { cert, key } = await makeCertificate({ commonName: 'application', issuer: authority });
    connected = await connect(servers.endpoints, { tls: { ca: authority.cert, cert, key } });
  });
  afterAll(async () => {
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const flags = ({ tlsCa, tlsCert, tlsKey }: Files): string[] => [
    `--tls-ca=${tlsCa}`,
    `--tls-cert=${tlsCert}`,
    `--tls-key=${tlsKey}`,
    `--endpoints=${servers.endpoints.join(',')}`,
  ];

  test('it is founded and joined, and every member is reached over wss:', async () => {
    for (const status of await servers.statuses()) {
      expect(status.lifecycle).toBe('ready');
      expect(status.addresses).toEqual([expect.stringMatching(/^wss:/)]);
      expect(status.peers.map((peer) => peer.connected)).toEqual([true, true]);
    }
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
    const other = await makeCertificate({ commonName: 'another authority', authority: true });
    const stranger = { ...(await certify('stranger', other)), tlsCa: person.tlsCa };
    const refused = await run(['kv', 'get', 'greeting', ...flags(stranger), '--timeout-ms', '5000']);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout).toBe('');
    const fooled = await run(['kv', 'get', 'greeting', ...flags(await certify('fool', other)), '--timeout-ms', '5000']);
    expect(fooled.code).not.toBe(0);
    expect(fooled.stderr).toContain('certificate');
  });

  test('a server of another authority is not let in, and harms nobody', async () => {
    const other = await makeCertificate({ commonName: 'third authority', authority: true });
    const stranger = await servers.prepare('stranger', {
      ...(await certify('strange-server', other)),
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
