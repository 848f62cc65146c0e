import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemRuntime } from '@flotilla/runtime/system';
import { quicTransport } from '@flotilla/transport-quic';
import { webSocketTransport } from '@flotilla/transport-ws';
import { decodeRefusal, encodeHello, encodeRefusal, type Hello, WIRE_VERSIONS } from '@flotilla/wire';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cert, Certificates, tlsFlags, tlsOf, type TlsSettings } from './harness/certificates.js';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { parsePrometheus } from './harness/prometheus.js';
import { run, temporaryFolder } from './harness/program.js';
import { Servers, type TestServer } from './harness/servers.js';
import { until } from './harness/until.js';

describe('flotilla cert', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let certificates: Certificates;
  beforeAll(async () => {
    folder = await temporaryFolder();
    certificates = await Certificates.make(join(folder.path, 'made'));
  });
  afterAll(async () => {
    await folder?.[Symbol.asyncDispose]();
  });

  test('says what it made, to people and to machines, and keeps keys to their owner', async () => {
    const files = await certificates.node('n', { nodeId: 7 });
    expect((await stat(files.tlsKey)).mode & 0o777).toBe(0o600);
    expect((await stat(join(certificates.authority, 'ca.key'))).mode & 0o777).toBe(0o600);
    const shown = await run(['cert', 'show', files.tlsCert]);
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(/certificate +node 7 \(node, bound to node 7\)/);
    expect(shown.stdout).toMatch(/names +node\.flotilla, node-7\.node\.flotilla, 127\.0\.0\.1/);
    expect(await cert('show', files.tlsCert)).toMatchObject({ role: 'node', nodeIds: [7], valid: true });
  });

  test('replaces nothing unless it is asked to, and says what is wrong with what it is given', async () => {
    const made = await certificates.client('c');
    const before = await readFile(made.tlsKey, 'utf8');
    const again = ['cert', 'client', '--ca', certificates.authority, '--out', join(certificates.folder, 'c')];
    const refused = await run(again);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/cert\.pem exists; nothing was written/);
    expect(await readFile(made.tlsKey, 'utf8')).toBe(before);
    expect(await run([...again, '--overwrite'])).toMatchObject({ code: 0 });
    expect(await readFile(made.tlsKey, 'utf8')).not.toBe(before);
    const out = ['--out', join(certificates.folder, 'x')];
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [['node', '--ca', join(certificates.folder, 'none'), ...out], /cannot be read.*flotilla cert ca --out/],
      [['node', '--ca', certificates.authority, '--host', 'node.flotilla', ...out], /is no host/],
      [['node', '--ca', certificates.authority, '--browser', '--days', '14', ...out], /13 days/],
      [['node', '--ca', certificates.authority, '--days', '36500', ...out], /outlive its authority/],
      [['client', '--ca', certificates.authority, '--name', 'node.flotilla', ...out], /cannot be a name/],
      [['renew', made.tlsKey, '--ca', certificates.authority], /holds no certificate/],
      [['show', join(certificates.folder, 'none')], /cannot be read/],
      [['node', '--ca', certificates.authority], /--out/],
    ];
    for (const [args, message] of wrong) {
      const ran = await run(['cert', ...args]);
      expect(ran, args.join(' ')).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(message);
    }
    await expect(stat(join(certificates.folder, 'x'))).rejects.toThrow('ENOENT');
  });
});

// Each test goes on with the cluster that the one before it left.
describe('identities in a cluster with mutual TLS', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let certificates: Certificates;
  let ofNode: TlsSettings[];
  let person: TlsSettings;
  /** What the third server shows in the end. */
  let spare: TlsSettings;
  let servers: Servers;
  let connected: TestClient;
  let load: CountingLoad;

  beforeAll(async () => {
    folder = await temporaryFolder();
    certificates = await Certificates.make(join(folder.path, 'certificates'));
    ofNode = [];
    for (const nodeId of [1, 2, 3]) ofNode.push(await certificates.node(`node-${nodeId}`, { nodeId }));
    person = await certificates.client('person');
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 2,
      perServer: (place, port) => {
        const listen = [`quic://127.0.0.1:${port}`, `wss://127.0.0.1:${port}`];
        return { ...ofNode[place - 1], tlsReloadMs: 200, listen };
      },
    });
    connected = await connect(servers.endpoints, { tls: await tlsOf(await certificates.client('application')) });
    load = new CountingLoad(connected.client, 'identities', 4);
  });
  afterAll(async () => {
    await load?.stop();
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const flags = (): string[] => [...tlsFlags(person), `--endpoints=${servers.endpoints.join(',')}`];
  const filesOf = (node: number): TlsSettings => ofNode[node - 1] ?? expect.fail('no such node');
  const third = (): TestServer => servers.list[2] ?? expect.fail('no third server');
  const loadGoesOn = async (): Promise<void> => {
    const more = load.acknowledged + 50;
    await until('the load goes on', () => load.acknowledged > more);
    expect(load.errors).toEqual([]);
  };
  const linked = async (server: TestServer): Promise<void> => {
    await until('it is linked to all', async () => await isLinked(server));
    await servers.settled();
  };
  const isLinked = async (server: TestServer): Promise<boolean> =>
    (await server.status()).peers.every((peer) => peer.connected);

  /** Greets server 1 with a certificate: the error's code and text, or `accepted`. */
  const greet = async (scheme: string, files: TlsSettings, claim: Partial<Hello>): Promise<string> => {
    const options = { runtime: systemRuntime, tls: await tlsOf(files) };
    await using transport = scheme === 'quic:' ? quicTransport(options) : webSocketTransport(options);
    const hello: Hello = {
      role: 'peer',
      versions: WIRE_VERSIONS,
      clusterId: connected.client.clusterId,
      nodeId: 0,
      incarnation: undefined,
      clusterEpoch: 0,
      hostEpoch: 1,
      addresses: [],
      capabilities: [],
      ...claim,
    };
    try {
      await transport.dial((servers.list[0]?.listen ?? '').replace('wss:', scheme), {
        handshake: {
          hello: () => encodeHello(hello),
          verify: () => undefined,
          refusal: encodeRefusal,
          refused: (bytes) => decodeRefusal(bytes),
        },
      });
      return 'accepted';
    } catch (error) {
      return String(error);
    }
  };

  test('nodes are linked by QUIC, and can be reached by WebSocket too', async () => {
    const schemes = async (): Promise<string> =>
      (await servers.statuses()).flatMap(({ peers }) => peers.map((peer) => peer.address?.split(':')[0])).join();
    await until('they are', async () => (await schemes()) === 'quic,quic,quic,quic,quic,quic');
  });

  describe.each(['wss:', 'quic:'])('over %s', (scheme) => {
    /** What the second node would say, shortly after its next start. */
    const second = async (): Promise<Partial<Hello>> => {
      const two = (await connected.client.admin.members.list()).find(({ id }) => id === 2);
      return { nodeId: 2, incarnation: two?.incarnation, hostEpoch: 1_000 };
    };

    test('who shows the certificate of a client speaks as a client, and never as a node, not to join either', async () => {
      expect(await greet(scheme, person, { role: 'client' })).toBe('accepted');
      expect(await greet(scheme, person, await second())).toMatch(
        /Unauthorized: .* speaks as a node, and its certificate is not a node's/,
      );
      const joiner = { clusterId: undefined, incarnation: 'ab'.repeat(8) };
      expect(await greet(scheme, person, joiner)).toMatch(/Unauthorized: .*not a node's/);
      await loadGoesOn();
      expect(await isLinked(third())).toBe(true);
    });

    test('who shows the certificate of one node never speaks as another, also with that one’s disk', async () => {
      const name = scheme.slice(0, -1);
      const nine = await certificates.node(`${name}-9`, { nodeId: 9 });
      expect(await greet(scheme, nine, await second())).toMatch(
        /Unauthorized: .* speaks as node 2, and its certificate is that of node 9/,
      );
      // One of the authority's that names no node gets no further: its key is not on record.
      const loose = await certificates.node(`${name}-loose`);
      expect(await greet(scheme, loose, await second())).toMatch(
        /Unauthorized: node 2 .* shows the key [0-9a-f]{64}, which is not on record/,
      );
      await loadGoesOn();
      expect(await isLinked(third())).toBe(true);
    });
  });

  test('a server says at its start what is wrong with its certificate, and touches nothing', async () => {
    const at = Date.now();
    const { createAuthority, createLeaf, openAuthority } = await import('../src/certificates/issue.js');
    const read = async (name: string): Promise<string> => await readFile(join(certificates.authority, name), 'utf8');
    const authority = await openAuthority(await read('ca.pem'), await read('ca.key'));
    const other = await createAuthority('another authority', 9, at);
    const files = async (name: string, changes: { cert?: string; key?: string; ca?: string }): Promise<TlsSettings> => {
      const settings = await certificates.node(name, { nodeId: 4 });
      for (const [path, text] of [
        [settings.tlsCert, changes.cert],
        [settings.tlsKey, changes.key],
        [settings.tlsCa, changes.ca],
      ] as const) {
        if (text !== undefined) await writeFile(path, text);
      }
      return settings;
    };
    const node = { role: 'node', name: 'x', nodeId: 4, hosts: [], audience: 'nodes', days: 1 } as const;
    const DAY_MS = 86_400_000;
    const wrong: readonly (readonly [string, TlsSettings, RegExp])[] = [
      [
        'expired',
        await files('expired', await createLeaf(authority, node, at - 9 * DAY_MS)),
        /tlsCert: "x" expired at/,
      ],
      [
        'to come',
        await files('to-come', await createLeaf(authority, node, at + 9 * DAY_MS)),
        /tlsCert: "x" is not valid/,
      ],
      ['another key', await files('key', { key: (await createLeaf(authority, node, at)).key }), /tlsKey: not the key/],
      ['another authority', await files('other', { ca: other.cert }), /tlsCert: .*is signed by .*none of tlsCa/],
      ['an authority', await files('ca', { cert: other.cert, key: other.key }), /tlsCert: .*of an authority/],
      ['a client', await certificates.client('no-node'), /tlsCert: .*of a client/],
    ];
    const started: (readonly [TestServer, RegExp])[] = [];
    for (const [what, settings, message] of wrong) {
      started.push([await servers.prepare(`wrong-${what.replaceAll(' ', '-')}`, { ...settings }), message]);
      servers.list.pop();
    }
    await Promise.all(
      started.map(async ([server, message]) => {
        const { code, stderr } = await (await server.start()).ended;
        expect(stderr, server.name).toMatch(message);
        expect(code, server.name).toBe(2);
        await expect(stat(server.data), server.name).rejects.toThrow('ENOENT');
      }),
    );
    const told = await servers.prepare('told-otherwise', {
      ...(await certificates.node('five', { nodeId: 5 })),
      nodeId: 4,
    });
    servers.list.pop();
    expect(await (await told.start()).ended).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/of node 5, and this is node 4/),
    });
  });

  test('a server whose folder belongs to another node than its certificate does not start', async () => {
    const server = third();
    await server.stop();
    const { code, stderr } = await (
      await server.start({ ...(await certificates.node('node-8', { nodeId: 8 })) })
    ).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/tlsCert: names another node than the data folder: the id is 8, .*belongs to node 3/);
    await server.start({ ...filesOf(3) });
    await linked(server);
    await loadGoesOn();
  });

  test('a renewed certificate is taken without a restart: its key, and so its pin, stays', async () => {
    const server = third();
    const before = (await server.status()).certificate;
    const renewed = await cert('renew', filesOf(3).tlsCert, '--ca', certificates.authority, '--days', '5');
    expect(renewed.spkiPin).toBe(before?.spkiPin);
    await until('it shows the renewed one', async () => (await server.status()).certificate?.sha256 === renewed.sha256);
    expect((await server.status()).certificate?.notAfter).toBe(renewed.notAfter);
    expect(server.running.stderr).toContain('certificate.taken');
    const families = parsePrometheus((await server.get('/metrics')).text);
    const expiry = families.get('flotilla_certificate_expiry_seconds')?.samples;
    const left = expiry?.find(({ labels }) => labels['certificate'] === 'node')?.value;
    expect(left).toBeGreaterThan(4 * 86_400);
    expect(left).toBeLessThanOrEqual(5 * 86_400);
    const status = await run(['status', ...flags()]);
    expect(status.stdout).toMatch(/certificate expires in 5 d/);
    // Also for connections made from now on, dialled and accepted.
    await servers.list[0]?.kill();
    await servers.list[0]?.start();
    await linked(server);
    await loadGoesOn();
  });

  test('SIGHUP has a server look at once, and one that it cannot use changes nothing', async () => {
    const server = third();
    await server.stop();
    await server.start({ tlsReloadMs: 0 });
    await server.ready();
    const { tlsCert, tlsKey } = filesOf(3);
    const good = await readFile(tlsKey, 'utf8');
    await copyFile(filesOf(2).tlsKey, tlsKey);
    server.running.child.kill('SIGHUP');
    await until('it says so', () => server.running.stderr.includes('certificate.not_taken'));
    expect(server.running.stderr).toMatch(/tlsKey: not the key of the certificate/);
    await writeFile(tlsKey, good);
    const renewed = await cert('renew', tlsCert, '--ca', certificates.authority, '--days', '90');
    server.running.child.kill('SIGHUP');
    await until('it shows the renewed one', async () => (await server.status()).certificate?.sha256 === renewed.sha256);
    await linked(server);
    await loadGoesOn();
  });

  test('a server that comes back with another key is refused until an operator puts it on record', async () => {
    const server = third();
    await server.stop();
    const next = await certificates.node('node-3-next', { nodeId: 3 });
    await server.start({ ...next });
    const { spkiPin } = await cert('show', next.tlsCert);
    await until('it says so', () => server.running.stderr.includes('certificate.key_not_on_record'));
    await until('others refuse it', () =>
      servers.list.slice(0, 2).every(({ running }) => running.stderr.includes(`members pin 3 --add ${spkiPin}`)),
    );
    expect((await server.status()).peers.map((peer) => peer.connected)).toEqual([false, false]);
    await loadGoesOn();
    expect(await run(['members', 'pin', '3', '--add', next.tlsCert, ...flags()])).toMatchObject({
      code: 0,
      stderr: '',
    });
    await linked(server);
    const former = filesOf(3).tlsCert;
    expect(await run(['members', 'pin', '3', '--remove', former, ...flags()])).toMatchObject({ code: 0, stderr: '' });
    const listed = await connected.client.admin.members.list();
    expect(listed.find((member) => member.id === 3)?.spkiPins).toEqual([spkiPin]);
    expect(await isLinked(server)).toBe(true);
    const last = await run(['members', 'pin', '3', '--remove', spkiPin, ...flags()]);
    expect(last).toMatchObject({ code: 2, stderr: expect.stringContaining('would be left without a key') });
    await loadGoesOn();
  });

  test('a key taken off the record is out at once, also where it is connected', async () => {
    const server = third();
    spare = await certificates.node('node-3-spare', { nodeId: 3 });
    const { spkiPin } = await cert('show', spare.tlsCert);
    const present = (await server.status()).certificate?.spkiPin ?? '';
    const change = ['members', 'pin', '3', '--add', spkiPin, '--remove', present, ...flags()];
    expect(await run(change)).toMatchObject({ code: 0 });
    await until('its links are broken', async () => (await server.status()).peers.every((peer) => !peer.connected));
    await server.stop();
    await server.start({ ...spare });
    await linked(server);
  });

  test('after all that no acknowledged write was lost', async () => {
    await loadGoesOn();
    await load.stop();
    await servers.caughtUp();
    expect(await load.problems(connected.client)).toEqual([]);
  });

  test('the authority is exchanged without a restart: both are believed, all is renewed, the old one goes', async () => {
    const next = await Certificates.make(join(folder.path, 'next'), '--name', 'the next authority');
    const [former, coming] = await Promise.all(
      [certificates, next].map(async ({ authority }) => await readFile(join(authority, 'ca.pem'), 'utf8')),
    );
    const files = [filesOf(1), filesOf(2), spare];
    const taken = (): number[] =>
      servers.list.map(({ running }) => running.stderr.split('certificate.taken').length - 1);
    const eachTakes = async (change: (own: TlsSettings) => Promise<unknown>): Promise<void> => {
      const before = taken();
      for (const own of files) await change(own);
      for (const { running } of servers.list) running.child.kill('SIGHUP');
      await until('all have taken it', () => taken().every((count, place) => count > (before[place] ?? 0)));
    };
    await eachTakes((own) => writeFile(own.tlsCa, `${former}${coming}`));
    await eachTakes((own) => cert('renew', own.tlsCert, '--ca', next.authority));
    await eachTakes((own) => writeFile(own.tlsCa, coming ?? ''));
    for (const server of servers.list) {
      await server.kill();
      await server.start();
    }
    await servers.settled();
    for (const server of servers.list) await linked(server);
    const mine = await next.client('me');
    const endpoints = `--endpoints=${servers.endpoints.join(',')}`;
    expect(await run(['members', 'list', ...tlsFlags(mine), endpoints])).toMatchObject({ code: 0 });
    const late = await run(['members', 'list', ...flags(), '--timeout-ms=3000']);
    expect(late).toMatchObject({ stdout: '', stderr: expect.stringContaining('certificate') });
  });
});
