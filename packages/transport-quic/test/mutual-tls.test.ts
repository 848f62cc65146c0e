import { createHash } from 'node:crypto';
import { connect } from '@flotilla/quic-transport-ponyfill';
import { systemRuntime } from '@flotilla/runtime/system';
import type { Connection, TransportEvent } from '@flotilla/transport';
import { TestHandshake } from '@flotilla/transport/conformance';
import { type QuicTls, type QuicTransport, quicTransport } from '@flotilla/transport-quic';
import { beforeAll, describe, expect, test } from 'vitest';
import { ALPN } from '../src/address.js';
import { makeCertificate, type TestCertificate } from './certificates.js';

const HOUR_MS = 3_600_000;
const NAME = 'node.flotilla';

let authority: TestCertificate;
let otherAuthority: TestCertificate;
let node: TestCertificate;

beforeAll(async () => {
  authority = await makeCertificate({ commonName: 'authority', authority: true });
  otherAuthority = await makeCertificate({ commonName: 'other authority', authority: true });
  node = await makeCertificate({ commonName: 'node 1', dnsNames: [NAME, `node-1.${NAME}`], issuer: authority });
});

function tlsOf(certificate: TestCertificate, extra: Partial<QuicTls> = {}): QuicTls {
  return { ca: authority.cert, cert: certificate.cert, key: certificate.key, ...extra };
}

interface Side extends AsyncDisposable {
  readonly transport: QuicTransport;
  readonly events: TransportEvent[];
}

function side(tls?: QuicTls): Side {
  const events: TransportEvent[] = [];
  const transport = quicTransport({
    runtime: systemRuntime,
    ...(tls === undefined ? {} : { tls }),
    observe: (event) => events.push(event),
  });
  return { transport, events, [Symbol.asyncDispose]: () => transport.close() };
}

function attached(connection: Connection): Connection {
  connection.attach({
    frames: () => undefined,
    request: (body) => Promise.resolve(body),
    stream: (stream) => stream.abort(new Error('no streams here')),
    drained: () => undefined,
    closed: () => undefined,
  });
  return connection;
}

/** Listens, and hands up what was accepted. */
async function listen({ transport }: Side): Promise<{ readonly address: string; readonly accepted: Connection[] }> {
  const accepted: Connection[] = [];
  const { address } = await transport.listen('quic://127.0.0.1:0', {
    handshake: new TestHandshake('listener'),
    accept: (connection) => accepted.push(attached(connection)),
  });
  return { address, accepted };
}

async function dial({ transport }: Side, address: string): Promise<Connection> {
  return attached(await transport.dial(address, { handshake: new TestHandshake('dialler') }));
}

/** The code of the error that a dial ends with; `none` where a request is answered. */
async function codeOf(dialler: Side, address: string): Promise<string> {
  try {
    const connection = await dial(dialler, address);
    await connection.request(Uint8Array.of(1));
    return 'none';
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
}

/** One with this configuration dials a good listener, which hands nothing up, says so, and goes on serving. */
async function dialledBy(tls: QuicTls): Promise<string> {
  await using good = side(tlsOf(node));
  await using friend = side(tlsOf(node));
  await using dialler = side(tls);
  const { address, accepted } = await listen(good);
  const code = await codeOf(dialler, address);
  expect(accepted).toHaveLength(code === 'none' ? 1 : 0);
  expect(await codeOf(friend, address)).toBe('none');
  return code;
}

/** A good one dials a listener with this configuration. */
async function listening(tls: QuicTls, dialling: QuicTls = tlsOf(node)): Promise<string> {
  await using listener = side(tls);
  await using dialler = side(dialling);
  const { address } = await listen(listener);
  return await codeOf(dialler, address);
}

describe('mutual TLS on QUIC', () => {
  test('both sides are told who the other is: the hash of its public key, and its names', async () => {
    const client = await makeCertificate({ commonName: 'ann', dnsNames: ['client.flotilla'], issuer: authority });
    await using server = side(tlsOf(node));
    await using dialler = side(tlsOf(client));
    const { address, accepted } = await listen(server);
    const connection = await dial(dialler, address);
    await connection.request(new Uint8Array(0));
    expect(connection.remote).toEqual({
      address,
      tls: identity(node, ['node 1', NAME, `node-1.${NAME}`]),
      loopback: true,
    });
    expect(accepted[0]?.remote.tls).toEqual(identity(client, ['ann', 'client.flotilla']));
    expect(accepted[0]?.remote.address).toMatch(/^quic:\/\/127\.0\.0\.1:\d+$/);
  });

  test('a certificate of another authority is refused, on either side', async () => {
    const stranger = await makeCertificate({ commonName: 'node', dnsNames: [NAME], issuer: otherAuthority });
    expect(await dialledBy(tlsOf(stranger))).toBe('Unauthorized');
    expect(await listening(tlsOf(stranger))).toBe('Unauthorized');
  });

  test('a self-signed certificate is refused, on either side', async () => {
    const self = await makeCertificate({ commonName: 'node', dnsNames: [NAME] });
    expect(await dialledBy(tlsOf(self))).toBe('Unauthorized');
    expect(await listening(tlsOf(self))).toBe('Unauthorized');
  });

  test('the certificate of an authority is refused as that of a side, on either side', async () => {
    const sub = await makeCertificate({ commonName: 'node', dnsNames: [NAME], issuer: authority, authority: true });
    expect(await dialledBy(tlsOf(sub))).toBe('Unauthorized');
    expect(await listening(tlsOf(sub))).toBe('Unauthorized');
  });

  test('a certificate that has expired, or is not yet valid, is refused, on either side', async () => {
    for (const times of [
      { fromMs: -2 * HOUR_MS, toMs: -HOUR_MS },
      { fromMs: HOUR_MS, toMs: 2 * HOUR_MS },
    ]) {
      const certificate = await makeCertificate({
        commonName: 'node',
        dnsNames: [NAME],
        issuer: authority,
        ...times,
      });
      expect(await dialledBy(tlsOf(certificate))).toBe('Unauthorized');
      expect(await listening(tlsOf(certificate))).toBe('Unauthorized');
    }
  });

  test('a certificate for clients alone is refused of a listener, and taken of a dialler', async () => {
    const dnsNames = [NAME];
    const client = await makeCertificate({ commonName: 'c', dnsNames, issuer: authority, usages: ['client'] });
    expect(await listening(tlsOf(client))).toBe('Unauthorized');
    expect(await dialledBy(tlsOf(client))).toBe('none');
    const server = await makeCertificate({ commonName: 's', dnsNames, issuer: authority, usages: ['server'] });
    expect(await dialledBy(tlsOf(server))).toBe('Unauthorized');
  });

  test('a listener without the name that is asked for is refused: node.flotilla, or the one that is given', async () => {
    const client = await makeCertificate({ commonName: 'ann', dnsNames: ['client.flotilla'], issuer: authority });
    expect(await listening(tlsOf(client))).toBe('Unauthorized');
    expect(await listening(tlsOf(node), tlsOf(node, { serverName: `node-2.${NAME}` }))).toBe('Unauthorized');
    expect(await listening(tlsOf(node), tlsOf(node, { serverName: `node-1.${NAME}` }))).toBe('none');
  });

  test('a dialler without a certificate is refused before anything is handed up', async () => {
    await using good = side(tlsOf(node));
    await using friend = side(tlsOf(node));
    const { address, accepted } = await listen(good);
    const bare = connect(address, { alpn: ALPN, tls: { ca: authority.cert, serverName: NAME } });
    await expect(bare.ready).rejects.toMatchObject({
      code: expect.stringMatching(/^(ClientCertificateRequired|ClientCertificateRefused|PeerUnproven)$/),
    });
    expect(accepted).toEqual([]);
    expect(await codeOf(friend, address)).toBe('none');
  });

  test('without certificates nothing is listened on, and nothing dialled', async () => {
    await using bare = side();
    await expect(listen(bare)).rejects.toMatchObject({ code: 'InvalidConfig' });
    expect(await codeOf(bare, 'quic://127.0.0.1:1')).toBe('InvalidConfig');
  });

  test('certificates that cannot be used are refused when the transport is made, by name', async () => {
    const stranger = await makeCertificate({ commonName: 'x' });
    const bad: readonly (readonly [string, Partial<QuicTls>])[] = [
      ['tls.ca', { ca: '' }],
      ['tls.ca', { ca: [] }],
      ['tls.ca', { ca: 'no certificate' }],
      ['tls.cert', { cert: '/etc/tls/cert.pem' }],
      ['tls.key', { key: 'no key' }],
      ['tls.key', { key: stranger.key }],
    ];
    for (const [key, extra] of bad) {
      expect(() => side(tlsOf(node, extra)), key).toThrow(
        expect.objectContaining({ code: 'InvalidConfig', details: expect.objectContaining({ key }) }),
      );
    }
  });

  test('new certificates are taken without a restart; bad ones change nothing', async () => {
    await using server = side(tlsOf(node));
    await using dialler = side(tlsOf(node));
    const { address } = await listen(server);
    await (await dial(dialler, address)).request(Uint8Array.of(1));
    const renewed = await makeCertificate({ commonName: 'node', dnsNames: [NAME], issuer: otherAuthority });
    const tls = tlsOf(renewed, { ca: otherAuthority.cert });
    expect(() => server.transport.reloadTls({ ...tls, key: node.key })).toThrow();
    expect(await codeOf(dialler, address)).toBe('none');
    server.transport.reloadTls(tls);
    expect(await eventually(dialler, address, 'Unauthorized')).toBe('Unauthorized');
    dialler.transport.reloadTls(tls);
    const after = await dial(dialler, address);
    expect(after.remote.tls?.spkiSha256).toEqual(identity(renewed, []).spkiSha256);
  });

  test('an authority among several is believed, so that authorities can be changed one after the other', async () => {
    const renewed = await makeCertificate({ commonName: 'node', dnsNames: [NAME], issuer: otherAuthority });
    const both = [authority.cert, otherAuthority.cert];
    expect(await listening(tlsOf(renewed, { ca: both }), tlsOf(node, { ca: both }))).toBe('none');
    expect(await listening(tlsOf(renewed, { ca: both.join('') }), tlsOf(node, { ca: both.join('') }))).toBe('none');
  });
});

/** What dials end with once the listener has bound its port anew. */
async function eventually(dialler: Side, address: string, wanted: string): Promise<string> {
  for (let round = 0; ; round++) {
    const code = await codeOf(dialler, address);
    if (code === wanted || round === 50) return code;
  }
}

function identity(
  certificate: TestCertificate,
  names: readonly string[],
): { spkiSha256: Uint8Array; names: readonly string[] } {
  return { spkiSha256: Uint8Array.from(createHash('sha256').update(certificate.spki).digest()), names };
}
