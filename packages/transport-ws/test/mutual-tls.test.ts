import { createHash } from 'node:crypto';
import { certificateIdentity, type WebSocketTls } from '@flotilla/transport-ws';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate, type TestCertificate } from './certificates.js';
import { rawPeer } from './raw-peers.js';
import { codeOf, dial, listen, observed, serves } from './sides.js';

const HOUR_MS = 3_600_000;

let authority: TestCertificate;
let otherAuthority: TestCertificate;
let node: TestCertificate;

beforeAll(async () => {
  authority = await makeCertificate({ commonName: 'authority', authority: true });
  otherAuthority = await makeCertificate({ commonName: 'other authority', authority: true });
  node = await makeCertificate({ commonName: 'node', dnsNames: ['node', 'node.cluster'], issuer: authority });
});

function tlsOf(certificate: TestCertificate, extra: Partial<WebSocketTls> = {}): WebSocketTls {
  return { ca: authority.cert, cert: certificate.cert, key: certificate.key, serverName: 'node', ...extra };
}

/** A good listener that a transport with this configuration dials: the code of the error, or `none`. */
async function dialledBy(
  tls: WebSocketTls,
): Promise<{ readonly code: string; readonly refused: number; readonly log: string }> {
  await using good = observed({ tls: tlsOf(node) });
  await using dialler = observed({ tls });
  const { address, accepted } = await listen(good.transport, 'wss://127.0.0.1:0');
  const code = await codeOf(dial(dialler.transport, address));
  expect(accepted).toHaveLength(code === 'none' ? 1 : 0);
  expect(await serves(good.transport, address)).toBe(true);
  const log = good.events.map((event) => ('error' in event ? event.error.message : event.type)).join('\n');
  return { code, refused: good.transport.metrics.handshakesFailed, log };
}

/** A good dialler against a listener with this configuration. */
async function listening(tls: WebSocketTls, dialling: WebSocketTls = tlsOf(node)): Promise<string> {
  await using listener = observed({ tls });
  await using dialler = observed({ tls: dialling });
  const { address } = await listen(listener.transport, 'wss://127.0.0.1:0');
  return await codeOf(dial(dialler.transport, address));
}

describe('mutual TLS', () => {
  test('both sides are told who the other is: the hash of its public key, and its names', async () => {
    const client = await makeCertificate({ commonName: 'client, "quoted"', dnsNames: ['c1'], issuer: authority });
    await using server = observed({ tls: tlsOf(node) });
    await using dialler = observed({ tls: tlsOf(client) });
    const { address, accepted } = await listen(server.transport, 'wss://127.0.0.1:0');
    const { remote, connection } = await dial(dialler.transport, address);
    await connection.request(new Uint8Array(0));
    expect(remote).toEqual({ address, tls: identity(node, ['node', 'node.cluster']), loopback: true });
    expect(accepted[0]?.remote.tls).toEqual(identity(client, ['client, "quoted"', 'c1']));
    expect(accepted[0]?.remote.address).toMatch(/^wss:\/\/127\.0\.0\.1:\d+$/);
  });

  test('a certificate of another authority is refused, on either side', async () => {
    const stranger = await makeCertificate({ commonName: 'node', dnsNames: ['node'], issuer: otherAuthority });
    const outcome = await dialledBy(tlsOf(stranger));
    expect(outcome).toMatchObject({ code: 'Unauthorized', refused: 1 });
    expect(outcome.log).toContain('certificate refused');
    expect(await listening(tlsOf(stranger))).toBe('Unauthorized');
  });

  test('a self-signed certificate is refused, on either side', async () => {
    const self = await makeCertificate({ commonName: 'node', dnsNames: ['node'] });
    expect(await dialledBy(tlsOf(self))).toMatchObject({ code: 'Unauthorized', refused: 1 });
    expect(await listening(tlsOf(self))).toBe('Unauthorized');
  });

  test('the certificate of an authority is refused as that of a side, on either side', async () => {
    const sub = await makeCertificate({ commonName: 'node', dnsNames: ['node'], issuer: authority, authority: true });
    const outcome = await dialledBy(tlsOf(sub));
    expect(outcome).toMatchObject({ code: 'Unauthorized', refused: 1 });
    expect(outcome.log).toContain('certificate refused');
    expect(await listening(tlsOf(sub))).toBe('Unauthorized');
  });

  test('a certificate for clients alone is refused of a listener, and taken of a dialler', async () => {
    const client = await makeCertificate({
      commonName: 'node',
      dnsNames: ['node'],
      issuer: authority,
      usages: ['client'],
    });
    expect(await listening(tlsOf(client))).toBe('Unauthorized');
    expect(await listening(tlsOf(node), tlsOf(client))).toBe('none');
    const server = await makeCertificate({
      commonName: 'node',
      dnsNames: ['node'],
      issuer: authority,
      usages: ['server'],
    });
    expect(await dialledBy(tlsOf(server))).toMatchObject({ code: 'Unauthorized', refused: 1 });
  });

  test('a certificate says who others take its bearer for', () => {
    expect(certificateIdentity(node.cert)).toEqual(identity(node, ['node', 'node.cluster']));
    expect(() => certificateIdentity('nothing')).toThrow(expect.objectContaining({ code: 'InvalidConfig' }));
  });

  test('a certificate that has expired, or is not yet valid, is refused, on either side', async () => {
    for (const times of [
      { fromMs: -2 * HOUR_MS, toMs: -HOUR_MS },
      { fromMs: HOUR_MS, toMs: 2 * HOUR_MS },
    ]) {
      const certificate = await makeCertificate({
        commonName: 'node',
        dnsNames: ['node'],
        issuer: authority,
        ...times,
      });
      expect(await dialledBy(tlsOf(certificate))).toMatchObject({ code: 'Unauthorized', refused: 1 });
      expect(await listening(tlsOf(certificate))).toBe('Unauthorized');
    }
  });

  test('a listener without the name that was dialled is refused; serverName says which name that is', async () => {
    expect(await listening(tlsOf(node), tlsOf(node, { serverName: 'other' }))).toBe('Unauthorized');
    expect(await listening(tlsOf(node), tlsOf(node, { serverName: 'node.cluster' }))).toBe('none');
    const { serverName: _, ...byAddress } = tlsOf(node);
    expect(await listening(tlsOf(node), byAddress)).toBe('Unauthorized');
    const numbered = await makeCertificate({ commonName: 'node', ipv4: [127, 0, 0, 1], issuer: authority });
    expect(await listening(tlsOf(numbered), byAddress)).toBe('none');
  });

  test('a dialler without a certificate is refused, unless certificates are optional', async () => {
    const raw = { ca: authority.cert, servername: 'node' };
    await using strict = observed({ tls: tlsOf(node) });
    const required = await listen(strict.transport, 'wss://127.0.0.1:0');
    await expect(rawPeer(required.address, raw)).rejects.toThrow('403');
    expect(strict.transport.metrics.handshakesFailed).toBe(1);

    await using open = observed({ tls: tlsOf(node, { clientCertificates: 'optional' }) });
    const optional = await listen(open.transport, 'wss://127.0.0.1:0');
    (await rawPeer(optional.address, raw)).close();
    expect(await serves(open.transport, optional.address)).toBe(true);
    const stranger = await makeCertificate({ commonName: 'x', issuer: otherAuthority });
    await using bad = observed({ tls: tlsOf(stranger) });
    expect(await codeOf(dial(bad.transport, optional.address))).toBe('Unauthorized');
  });

  test('TLS 1.2 is refused', async () => {
    await using side = observed({ tls: tlsOf(node) });
    const { address } = await listen(side.transport, 'wss://127.0.0.1:0');
    const old = {
      ca: authority.cert,
      cert: node.cert,
      key: node.key,
      servername: 'node',
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
    };
    await expect(rawPeer(address, old)).rejects.toThrow();
    expect(await serves(side.transport, address)).toBe(true);
  });

  test('plain bytes on a TLS port, and TLS on a plain port, are refused', async () => {
    await using side = observed({ tls: tlsOf(node) });
    const secure = await listen(side.transport, 'wss://127.0.0.1:0');
    const plain = await listen(side.transport, 'ws://127.0.0.1:0');
    expect(await codeOf(dial(side.transport, secure.address.replace('wss:', 'ws:')))).toBe('Unreachable');
    expect(await codeOf(dial(side.transport, plain.address.replace('ws:', 'wss:')))).toBe('Unreachable');
    expect(await serves(side.transport, secure.address)).toBe(true);
    expect(await serves(side.transport, plain.address)).toBe(true);
  });

  test('wss without certificates is refused before anything is done', async () => {
    await using side = observed();
    expect(await codeOf(listen(side.transport, 'wss://127.0.0.1:0'))).toBe('InvalidConfig');
    expect(await codeOf(dial(side.transport, 'wss://127.0.0.1:1'))).toBe('InvalidConfig');
  });

  test('certificates that cannot be used are refused when the transport is made, by name', async () => {
    const stranger = await makeCertificate({ commonName: 'x' });
    const bad: readonly (readonly [string, Partial<WebSocketTls>])[] = [
      ['tls.ca', { ca: '' }],
      ['tls.ca', { ca: [] }],
      ['tls.ca', { ca: 'no certificate' }],
      ['tls.cert', { cert: '/etc/tls/cert.pem' }],
      ['tls.key', { key: 'no key' }],
      ['tls.key', { key: stranger.key }],
    ];
    for (const [key, extra] of bad) {
      expect(() => observed({ tls: tlsOf(node, extra) }), key).toThrow(
        expect.objectContaining({ code: 'InvalidConfig', details: expect.objectContaining({ key }) }),
      );
    }
  });

  test('new certificates are taken without a restart; open connections stay; bad ones change nothing', async () => {
    await using server = observed({ tls: tlsOf(node) });
    await using dialler = observed({ tls: tlsOf(node) });
    const { address } = await listen(server.transport, 'wss://127.0.0.1:0');
    const before = await dial(dialler.transport, address);
    const renewed = await makeCertificate({ commonName: 'node', dnsNames: ['node'], issuer: otherAuthority });
    const tls = tlsOf(renewed, { ca: otherAuthority.cert });
    expect(() => server.transport.reloadTls({ ...tls, key: node.key })).toThrow();
    expect(await serves(dialler.transport, address)).toBe(true);
    server.transport.reloadTls(tls);
    expect(await codeOf(dial(dialler.transport, address))).toBe('Unauthorized');
    dialler.transport.reloadTls(tls);
    const after = await dial(dialler.transport, address);
    expect(after.remote.tls?.spkiSha256).toEqual(identity(renewed, []).spkiSha256);
    expect((await before.connection.request(Uint8Array.of(1))).length).toBe(1);
  });

  test('an authority among several is believed, so that authorities can be changed one after the other', async () => {
    const renewed = await makeCertificate({ commonName: 'node', dnsNames: ['node'], issuer: otherAuthority });
    const both = [authority.cert, otherAuthority.cert];
    expect(await listening(tlsOf(renewed, { ca: both }), tlsOf(node, { ca: both }))).toBe('none');
    expect(await listening(tlsOf(renewed, { ca: both.join('') }), tlsOf(node, { ca: both.join('') }))).toBe('none');
  });
});

function identity(
  certificate: TestCertificate,
  names: readonly string[],
): { spkiSha256: Uint8Array; names: readonly string[] } {
  return { spkiSha256: Uint8Array.from(createHash('sha256').update(certificate.spki).digest()), names };
}
