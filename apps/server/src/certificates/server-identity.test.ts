import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFlotillaError } from '@flotilla/errors';
import { beforeAll, describe, expect, test } from 'vitest';
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
import { makeCertificate } from '../../../../packages/transport-ws/test/certificates.js';
import { hostsNotNamed, type IdentityTexts, judgeIdentity, readIdentityTexts } from './server-identity.js';

const DAY_MS = 86_400_000;
const now = Date.now();
const request: LeafRequest = {
  role: 'node',
  name: 'the node',
  nodeId: 3,
  hosts: [certificateHost('127.0.0.1'), certificateHost('*.db.example'), certificateHost('::1')],
  audience: 'nodes',
  days: 10,
};

let made: IssuedCertificate;
let authority: Authority;
let leaf: IssuedCertificate;
/** One that names nothing below `flotilla`. */
let foreign: IssuedCertificate;
let foreignAuthority: string;
beforeAll(async () => {
  made = await createAuthority('the authority', 20, now);
  authority = await openAuthority(made.cert, made.key);
  leaf = await createLeaf(authority, request, now);
  const other = await makeCertificate({ commonName: 'other rules', authority: true });
  foreign = { ...(await makeCertificate({ commonName: 'db-1', ipv4: [127, 0, 0, 1], issuer: other })) };
  foreignAuthority = other.cert;
});

const texts = (changes: Partial<IdentityTexts> = {}): IdentityTexts => ({ ca: made.cert, ...leaf, ...changes });

function verdict(tls: IdentityTexts, nodeId?: number, nowMs = now): string {
  try {
    judgeIdentity(tls, { nowMs, nodeId });
    return 'good';
  } catch (error) {
    return isFlotillaError(error, 'InvalidConfig') ? error.message : String(error);
  }
}

describe('the certificate of a server, before it is shown to anybody', () => {
  test('is good for the node that it names, and where no node is asked for', () => {
    expect([verdict(texts()), verdict(texts(), 3)]).toEqual(['good', 'good']);
    expect(judgeIdentity(texts(), { nowMs: now, nodeId: undefined })).toMatchObject({
      certificate: { nodeIds: [3] },
      authorities: [{ commonName: 'the authority' }],
    });
  });

  test('is refused where it is that of another node, of a client, or of an authority', async () => {
    expect(verdict(texts(), 4)).toMatch(/tlsCert: "the node" is the certificate of node 3, and this is node 4/);
    const ann = await createLeaf(authority, { role: 'client', name: 'ann', days: 1 }, now);
    expect(verdict(texts(ann))).toMatch(/tlsCert: "ann" is the certificate of a client: .*flotilla cert node/);
    expect(verdict(texts(made))).toMatch(/tlsCert: "the authority" is the certificate of an authority/);
  });

  test('of other rules is good for wss:, and not for quic:, where its name is asked for', () => {
    const context = { nowMs: now, nodeId: undefined, addresses: ['wss://127.0.0.1:1', 'quic://127.0.0.1:1'] };
    expect(() => judgeIdentity(texts(), context)).not.toThrow();
    expect(() =>
      judgeIdentity(texts({ ...foreign, ca: foreignAuthority }), { ...context, addresses: ['wss://127.0.0.1:1'] }),
    ).not.toThrow();
    expect(() => judgeIdentity(texts({ ...foreign, ca: foreignAuthority }), context)).toThrow(
      /tlsCert: "db-1" lacks the name node\.flotilla.*quic:/,
    );
  });

  test('is refused before and after its time, with both times', () => {
    expect(verdict(texts(), 3, now - 2 * DAY_MS)).toMatch(/tlsCert: "the node" is not valid before .*; now is /);
    expect(verdict(texts(), 3, now + 11 * DAY_MS)).toMatch(/tlsCert: "the node" expired at .*; now is .*cert renew/);
    expect(verdict(texts(), 3, now + 9 * DAY_MS)).toBe('good');
  });

  test('is refused where its authority has expired', async () => {
    // Made when the authority had more time: signatures say nothing of that.
    const short = await createAuthority('short', 1, now);
    const signing = await openAuthority(short.cert, short.key);
    const outliving = { ...signing, facts: { ...signing.facts, notAfter: new Date(now + 99 * DAY_MS) } };
    const tls = { ca: short.cert, ...(await createLeaf(outliving, request, now)) };
    expect(verdict(tls, 3, now + 2 * DAY_MS)).toMatch(/tlsCa: "short" expired at .*renew the authority/);
  });

  test('is good where its authority was renewed, also beside its former certificate, which has expired', async () => {
    const renewed = await renewCertificate(authority, made.cert, { days: 99 }, now);
    const signing = await openAuthority(renewed, made.key);
    const lasting = await createLeaf(signing, { ...request, days: 60 }, now);
    for (const ca of [made.cert + renewed, renewed + made.cert]) {
      expect(verdict({ ca, ...lasting }, 3, now + 30 * DAY_MS)).toBe('good');
    }
    expect(verdict(texts(lasting), 3, now + 30 * DAY_MS)).toMatch(/tlsCa: "the authority" expired/);
  });

  test('is refused with another key, or none, and no key is told', async () => {
    const other = await createLeaf(authority, request, now);
    expect(verdict(texts({ key: other.key }))).toMatch(/tlsKey: not the key of the certificate in tlsCert/);
    expect(verdict(texts({ key: leaf.cert }))).toMatch(/tlsKey: the file holds no private key in PEM/);
    const broken = leaf.key.replace(/\n(.{8})/, '\n!!!!!!!!');
    expect(verdict(texts({ key: broken }))).toMatch(/^InvalidConfig: tlsKey: [^!]*$/);
  });

  test('is refused where none of the authorities signed it, also where one has the same name', async () => {
    const twin = await createAuthority('the authority', 20, now);
    expect(verdict(texts({ ca: twin.cert }))).toMatch(/tlsCert: "the node" is signed by "the authority", and none of/);
    expect(verdict(texts({ ca: twin.cert + made.cert }))).toBe('good');
  });

  test('leads to an authority by way of others in its file', async () => {
    const root = await createAuthority('root', 20, now);
    // Path lengths are for TLS to judge; here it is asked whether the links hold.
    expect(verdict(texts({ cert: leaf.cert + root.cert }))).toBe('good');
    expect(verdict(texts({ ca: root.cert, cert: leaf.cert + made.cert }))).toMatch(/none of tlsCa \("root"\)/);
  });

  test('is refused where a file holds something else', () => {
    expect(verdict(texts({ ca: '' }))).toMatch(/tlsCa: the file holds no certificate/);
    expect(verdict(texts({ ca: leaf.cert }))).toMatch(/tlsCa: "the node" is not the certificate of an authority/);
    expect(verdict(texts({ cert: leaf.key }))).toMatch(/tlsCert: the file holds no certificate/);
    const damaged = leaf.cert.replace(/\n(.{12})/, '\nAAAAAAAAAAAA');
    expect(verdict(texts({ cert: damaged }))).toMatch(/tlsCert: the file holds a certificate that cannot be read/);
  });

  test('names the hosts of wss: addresses, or it is said which it does not', () => {
    const named = [
      'wss://127.0.0.1:1',
      'wss://a.db.example:1',
      'wss://[::1]:1',
      'wss://0.0.0.0:1',
      'ws://x:1',
      'quic://y:1',
    ];
    const { certificate } = judgeIdentity(texts(), { nowMs: now, nodeId: 3 });
    expect(hostsNotNamed(certificate, named)).toEqual([]);
    expect(hostsNotNamed(certificate, ['wss://10.0.0.1:1', 'wss://db.example:1', 'wss://10.0.0.1:2'])).toEqual([
      '10.0.0.1',
      'db.example',
    ]);
  });

  test('is read from files, and the setting and path of one that is not there are told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-identity-'));
    try {
      const files = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') };
      await Promise.all([writeFile(files.ca, 'a'), writeFile(files.cert, 'c')]);
      await expect(readIdentityTexts(files)).rejects.toMatchObject({
        code: 'InvalidConfig',
        details: { key: 'tlsKey', reason: expect.stringContaining(files.key) },
      });
      await writeFile(files.key, 'k');
      expect(await readIdentityTexts(files)).toEqual({ ca: 'a', cert: 'c', key: 'k' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
