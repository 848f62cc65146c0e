import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRuntime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { webSocketTransport, type WebSocketTls } from '@flotilla/transport-ws';
import { beforeAll, describe, expect, test } from 'vitest';
import { certificateFacts, readCertificates } from './certificate-facts.js';
import { certificateHost } from './certificate-hosts.js';
import {
  type Authority,
  createAuthority,
  createLeaf,
  type IssuedCertificate,
  type LeafRequest,
  openAuthority,
  renewCertificate,
} from './issue.js';

const DAY_MS = 86_400_000;
const now = Date.now();
const hosts = [certificateHost('127.0.0.1'), certificateHost('db-1.example')];
const node: LeafRequest = { role: 'node', name: 'node 3', nodeId: 3, hosts, audience: 'nodes', days: undefined };

let made: IssuedCertificate;
let authority: Authority;
beforeAll(async () => {
  made = await createAuthority('test authority', 1_000, now);
  authority = await openAuthority(made.cert, made.key);
});

const factsOf = (pem: string) => certificateFacts(readCertificates(pem, 'it')[0]);
const code = (argument: unknown): unknown => expect.objectContaining({ code: 'InvalidArgument', message: argument });

/** Who shows this certificate listens, the other dials it by `serverName`: the error's code, or `none`. */
async function connects(listening: WebSocketTls, dialling: WebSocketTls): Promise<string> {
  await using listener = webSocketTransport({ runtime: systemRuntime, tls: listening });
  await using dialler = webSocketTransport({ runtime: systemRuntime, tls: dialling });
  const { address } = await listener.listen('wss://127.0.0.1:0', {
    handshake: new TestHandshake('a'),
    accept: (connection) =>
      connection.attach({
        frames: () => undefined,
        request: (body) => Promise.resolve(body),
        stream: () => undefined,
        drained: () => undefined,
        closed: () => undefined,
      }),
  });
  try {
    const connection = await dialler.dial(address, { handshake: new TestHandshake('b') });
    connection.destroy(new Error('done'));
    return 'none';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}

describe('an authority', () => {
  test('signs leaves and no other authorities', async () => {
    const facts = factsOf(made.cert);
    expect(facts).toMatchObject({ role: 'authority', commonName: 'test authority', key: 'EC P-256', names: [] });
    const certificate = new X509Certificate(made.cert);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    const sub = await createAuthority('sub', 10, now);
    const forged = await openAuthority(sub.cert, sub.key);
    const leaf = await createLeaf(forged, node, now);
    expect(new X509Certificate(leaf.cert).checkIssued(certificate)).toBe(false);
  });

  test('can be read again with its key only', async () => {
    const other = await createAuthority('other', 10, now);
    const leaf = await createLeaf(authority, node, now);
    await expect(openAuthority(made.cert, other.key)).rejects.toEqual(code(expect.stringContaining('not that of')));
    await expect(openAuthority(made.cert, 'x')).rejects.toEqual(code(expect.stringContaining('PRIVATE KEY')));
    await expect(openAuthority(leaf.cert, leaf.key)).rejects.toEqual(code(expect.stringContaining('not that of an')));
    await expect(openAuthority('x', made.key)).rejects.toEqual(code(expect.stringContaining('BEGIN CERTIFICATE')));
    const broken = made.cert.replace(/^M.*$/m, 'x');
    await expect(openAuthority(broken, made.key)).rejects.toEqual(code(expect.stringContaining('cannot be read')));
  });

  test('that has expired signs nobody, and can still renew itself', async () => {
    const short = await createAuthority('short', 10, now);
    const expired = await openAuthority(short.cert, short.key);
    const later = now + 11 * DAY_MS;
    const leaf = await createLeaf(expired, node, now);
    const refused = code(expect.stringContaining('expired'));
    await expect(createLeaf(expired, node, later)).rejects.toEqual(refused);
    await expect(renewCertificate(expired, leaf.cert, { days: 1 }, later)).rejects.toEqual(refused);
    const renewed = await openAuthority(await renewCertificate(expired, short.cert, { days: 10 }, later), short.key);
    expect(factsOf((await createLeaf(renewed, node, later)).cert).notAfter.getTime()).toBeGreaterThan(later);
  });

  test('is valid beyond 2050, where certificates write years in four digits (RFC 5280, 4.1.2.5)', async () => {
    const { cert } = await createAuthority('old', 36_500, now);
    expect(factsOf(cert).notAfter.getTime()).toBe(Math.floor((now + 36_500 * DAY_MS) / 1_000) * 1_000);
  });

  test('renews itself with the same key: what it signed stays good', async () => {
    const leaf = await createLeaf(authority, node, now);
    const renewed = await renewCertificate(authority, made.cert, { days: 2_000 }, now);
    expect(factsOf(renewed)).toMatchObject({ role: 'authority', spkiPin: authority.facts.spkiPin });
    const certificate = new X509Certificate(leaf.cert);
    expect(certificate.checkIssued(new X509Certificate(renewed))).toBe(true);
    expect(certificate.verify(new X509Certificate(renewed).publicKey)).toBe(true);
    const tls = { ca: renewed, ...leaf };
    expect(await connects(tls, { ...tls, serverName: 'node.flotilla' })).toBe('none');
    const other = await createAuthority('other', 10, now);
    await expect(renewCertificate(authority, other.cert, { days: 1 }, now)).rejects.toEqual(
      code(expect.stringContaining('its own key')),
    );
  });
});

describe('a leaf', () => {
  test('of a node names what it is, the node, and its hosts, and is good for both sides of TLS', async () => {
    const leaf = await createLeaf(authority, node, now);
    expect(factsOf(leaf.cert)).toMatchObject({
      role: 'node',
      nodeIds: [3],
      commonName: 'node 3',
      issuer: 'test authority',
      names: ['node.flotilla', 'node-3.node.flotilla', 'db-1.example'],
      addresses: ['127.0.0.1'],
    });
    const tls = { ca: made.cert, ...leaf };
    for (const serverName of ['node.flotilla', 'node-3.node.flotilla', 'db-1.example']) {
      expect(await connects(tls, { ...tls, serverName })).toBe('none');
    }
    expect(await connects(tls, tls)).toBe('none');
    expect(await connects(tls, { ...tls, serverName: 'node-4.node.flotilla' })).toBe('Unauthorized');
  });

  test('of a client dials nodes, and can be no listener', async () => {
    const ofNode = { ca: made.cert, ...(await createLeaf(authority, node, now)) };
    const ann = await createLeaf(authority, { role: 'client', name: 'ann', days: undefined }, now);
    expect(factsOf(ann.cert)).toMatchObject({ role: 'client', nodeIds: [], names: ['client.flotilla'] });
    const ofClient = { ca: made.cert, ...ann };
    expect(await connects(ofNode, ofClient)).toBe('none');
    expect(await connects(ofClient, { ...ofNode, serverName: 'client.flotilla' })).toBe('Unauthorized');
  });

  test('is valid for a year, or as long as its authority; never longer', async () => {
    expect(factsOf((await createLeaf(authority, node, now)).cert).notAfter.getTime()).toBe(
      Math.floor((now + 365 * DAY_MS) / 1_000) * 1_000,
    );
    const short = await createAuthority('short', 30, now);
    const signing = await openAuthority(short.cert, short.key);
    expect(factsOf((await createLeaf(signing, node, now)).cert).notAfter).toEqual(signing.facts.notAfter);
    await expect(createLeaf(signing, { ...node, days: 31 }, now)).rejects.toEqual(
      code(expect.stringContaining('outlive')),
    );
  });

  test('for browsers is valid for no more than 14 days in all (W3C WebTransport, custom certificate requirements)', async () => {
    const { notBefore, notAfter } = factsOf((await createLeaf(authority, { ...node, audience: 'browsers' }, now)).cert);
    expect(notAfter.getTime() - notBefore.getTime()).toBeLessThan(14 * DAY_MS);
    expect(notAfter.getTime() - now).toBeGreaterThan(12 * DAY_MS);
    await expect(createLeaf(authority, { ...node, audience: 'browsers', days: 14 }, now)).rejects.toEqual(
      code(expect.stringContaining('13 days')),
    );
  });

  test('cannot take a name that says what a bearer is', async () => {
    const reserved = ['node.flotilla', 'Node-1.Node.Flotilla', 'x.flotilla'];
    const unclear = ['', ' ', 'a\nb', 'x'.repeat(65), 'a, CN=node.flotilla', 'a"q"', 'a+O=b', 'a\\b', '#0403', '<a>'];
    for (const name of [...reserved, ...unclear]) {
      await expect(createLeaf(authority, { role: 'client', name, days: 1 }, now), name).rejects.toMatchObject({
        code: 'InvalidArgument',
      });
    }
  });

  test('keeps a name as it is', async () => {
    const name = "Jürgen 李 O'Neill (ops): a_b-c/d@e.f";
    const { cert } = await createLeaf(authority, { role: 'client', name, days: 1 }, now);
    expect(certificateFacts(new X509Certificate(cert)).claims).toEqual({ kind: 'other' });
    expect(new X509Certificate(cert).toLegacyObject().subject).toEqual({ CN: name });
  });
});

describe('a renewal', () => {
  test('keeps key, names and role, and begins anew', async () => {
    for (const request of [node, { role: 'client', name: 'ann', days: 5 } as const]) {
      const leaf = await createLeaf(authority, request, now - 4 * DAY_MS);
      const before = factsOf(leaf.cert);
      const after = factsOf(await renewCertificate(authority, leaf.cert, { days: 7 }, now));
      expect(after).toMatchObject({
        role: before.role,
        spkiPin: before.spkiPin,
        names: before.names,
        addresses: before.addresses,
        commonName: before.commonName,
      });
      expect(after.serialNumber).not.toBe(before.serialNumber);
      expect(after.notAfter.getTime()).toBe(Math.floor((now + 7 * DAY_MS) / 1_000) * 1_000);
      const cert = await renewCertificate(authority, leaf.cert, { days: 7 }, now);
      const listening = { ca: made.cert, ...(await createLeaf(authority, node, now)) };
      expect(await connects(listening, { ca: made.cert, cert, key: leaf.key })).toBe('none');
    }
  });

  test('by another authority is good for those who believe that one', async () => {
    const leaf = await createLeaf(authority, node, now);
    const next = await createAuthority('next', 100, now);
    const cert = await renewCertificate(await openAuthority(next.cert, next.key), leaf.cert, { days: 7 }, now);
    expect(factsOf(cert)).toMatchObject({ issuer: 'next', spkiPin: factsOf(leaf.cert).spkiPin });
    const both = [made.cert, next.cert];
    const renewed = { ca: both, cert, key: leaf.key };
    expect(await connects(renewed, { ca: both, ...leaf })).toBe('none');
    expect(await connects(renewed, { ca: made.cert, ...leaf })).toBe('Unauthorized');
  });

  test('gives other hosts, and binds what was not bound; a bound one is no other node’s', async () => {
    const loose = await createLeaf(authority, { ...node, nodeId: undefined }, now);
    const changes = { days: 7, nodeId: 9, hosts: [certificateHost('10.0.0.9')] };
    expect(factsOf(await renewCertificate(authority, loose.cert, changes, now))).toMatchObject({
      nodeIds: [9],
      names: ['node.flotilla', 'node-9.node.flotilla'],
      addresses: ['10.0.0.9'],
    });
    const bound = await createLeaf(authority, node, now);
    await expect(renewCertificate(authority, bound.cert, changes, now)).rejects.toEqual(
      code(expect.stringContaining('bound to node 3')),
    );
    const ann = await createLeaf(authority, { role: 'client', name: 'ann', days: 1 }, now);
    await expect(renewCertificate(authority, ann.cert, changes, now)).rejects.toEqual(
      code(expect.stringContaining('only certificates of nodes')),
    );
  });
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.runIf(hasOpenssl)('OpenSSL, strictly', () => {
  test('believes nodes for both purposes, clients for theirs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-certificates-'));
    try {
      const write = async (name: string, text: string): Promise<string> => {
        await writeFile(join(folder, name), text);
        return join(folder, name);
      };
      const ca = await write('ca.pem', made.cert);
      const ofNode = await write('node.pem', (await createLeaf(authority, node, now)).cert);
      const ofClient = await write(
        'client.pem',
        (await createLeaf(authority, { role: 'client', name: 'ann', days: 1 }, now)).cert,
      );
      const verify = (purpose: string, file: string): number | null =>
        spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', ca, '-purpose', purpose, file]).status;
      expect([verify('sslserver', ofNode), verify('sslclient', ofNode), verify('sslclient', ofClient)]).toEqual([
        0, 0, 0,
      ]);
      expect(verify('sslserver', ofClient)).not.toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
