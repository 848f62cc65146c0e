import { FlotillaError } from '@flotilla/errors';
import { certificateProof, decodeProof, encodeProof, provenBytes } from '@flotilla/transport/proof';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate, type TestCertificate } from '../../../../packages/transport-ws/test/certificates.js';
import { CertificateProofVerifier } from './proof-verifier.js';

const HOUR_MS = 3_600_000;
const nonce = new Uint8Array(32).fill(9);
const names = ['node.flotilla', 'node-4.node.flotilla'];

describe('the judge of proofs', () => {
  let authority: TestCertificate;
  let server: TestCertificate;
  let page: TestCertificate;
  let verifier: CertificateProofVerifier;
  let nowMs = Date.now();

  beforeAll(async () => {
    authority = await makeCertificate({ commonName: 'authority', authority: true });
    server = await makeCertificate({
      commonName: 'server',
      issuer: authority,
      dnsNames: ['Flotilla.Example', '*.pages.example'],
      ipv4: [10, 0, 0, 1],
    });
    page = await makeCertificate({ commonName: 'page', issuer: authority, dnsNames: names });
    verifier = verifierOf(authority);
  });

  const verifierOf = (ca: TestCertificate): CertificateProofVerifier =>
    new CertificateProofVerifier({
      tls: { ca: ca.cert, cert: server.cert },
      addresses: () => ['wss://proxy.example:443', 'quic://[2001:db8::1]:7101'],
      wallClock: () => nowMs,
    });

  const proof = (of: TestCertificate, address = 'wss://flotilla.example:7101'): Promise<Uint8Array> =>
    certificateProof({ certificate: of.cert, key: of.key }).prove(nonce, address);

  const refusal = (bytes: Uint8Array, by = verifier, at = nonce): string => {
    try {
      by.verify(bytes, at);
      return 'believed';
    } catch (error) {
      return error instanceof FlotillaError ? `${error.code}: ${error.message}` : String(error);
    }
  };

  test('a good one gives the key and the names of the certificate, as TLS would', async () => {
    const { spkiSha256, names: proven } = verifier.verify(await proof(page), nonce);
    expect(proven).toEqual(['page', ...names]);
    expect(spkiSha256).toEqual(
      new Uint8Array(await crypto.subtle.digest('SHA-256', page.spki as Uint8Array<ArrayBuffer>)),
    );
  });

  test.each([
    'wss://flotilla.example:7101',
    'wss://10.0.0.1:7101',
    'wss://a.pages.example:443',
    'wss://proxy.example:443',
    'wt://[2001:db8::1]:7101',
  ])('a name of this server, by its certificate or its addresses: %s', async (address) => {
    expect(refusal(await proof(page, address))).toBe('believed');
  });

  test.each(['wss://elsewhere.example:7101', 'wss://a.b.pages.example:443', 'wss://10.0.0.2:7101'])(
    'what was proven to another host is not passed on: %s',
    async (address) => {
      expect(refusal(await proof(page, address))).toMatch(/Unauthorized.*no name of this server/);
    },
  );

  test('another challenge, another key, a changed byte', async () => {
    const good = await proof(page);
    expect(refusal(good, verifier, new Uint8Array(32))).toMatch(/not signed by the key/);
    const other = await makeCertificate({ commonName: 'other', issuer: authority });
    const { certificate } = decodeProof(good);
    const { signature } = decodeProof(await proof(other));
    expect(refusal(encodeProof({ certificate, host: 'flotilla.example', signature }))).toMatch(/not signed by the key/);
    for (const at of [1, 40, good.length - 70, good.length - 1]) {
      const changed = good.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(refusal(changed)).toMatch(/^(Unauthorized|MalformedFrame)/);
    }
    expect(refusal(good)).toBe('believed');
  });

  test('a certificate of another authority, of itself, of an authority', async () => {
    const stranger = await makeCertificate({ commonName: 'authority', authority: true });
    const foreign = await makeCertificate({ commonName: 'page', issuer: stranger });
    const selfSigned = await makeCertificate({ commonName: 'page' });
    expect(refusal(await proof(foreign))).toMatch(/not believed here/);
    expect(refusal(await proof(selfSigned))).toMatch(/not believed here/);
    expect(refusal(await proof(authority))).toMatch(/CA:TRUE/);
    const middle = await makeCertificate({ commonName: 'middle', authority: true, issuer: authority });
    expect(refusal(await proof(await makeCertificate({ commonName: 'page', issuer: middle })))).toMatch(/not believed/);
  });

  test('a certificate that expired, or is to come, or is for servers only', async () => {
    const common = { commonName: 'page', issuer: authority };
    const late = await makeCertificate({ ...common, fromMs: -2 * HOUR_MS, toMs: -HOUR_MS });
    const early = await makeCertificate({ ...common, fromMs: HOUR_MS });
    const serving = await makeCertificate({ ...common, usages: ['server'] });
    expect(refusal(await proof(late))).toMatch(/is valid from/);
    expect(refusal(await proof(early))).toMatch(/is valid from/);
    expect(refusal(await proof(serving))).toMatch(/not one for clients/);
    nowMs += 30 * 24 * HOUR_MS;
    expect(refusal(await proof(page))).toMatch(/is valid from/);
    nowMs -= 30 * 24 * HOUR_MS;
  });

  test('an authority that was renewed with its key is believed beside its former certificate, which has expired', async () => {
    const past = { fromMs: -3 * HOUR_MS, toMs: -HOUR_MS };
    const former = await makeCertificate({ commonName: 'authority', authority: true, keys: authority.keys, ...past });
    for (const ca of [former.cert + authority.cert, authority.cert + former.cert]) {
      expect(refusal(await proof(page), verifierOf({ ...authority, cert: ca }))).toBe('believed');
    }
    expect(refusal(await proof(page), verifierOf(former))).toMatch(/is valid from/);
  });

  test('a key of another kind, whatever its signature', async () => {
    const { subtle } = crypto;
    const others = [
      await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, true, ['sign', 'verify']),
      await subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']),
      await subtle.generateKey(
        { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2_048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' },
        true,
        ['sign', 'verify'],
      ),
    ];
    for (const keys of others as CryptoKeyPair[]) {
      const of = await makeCertificate({ commonName: 'page', issuer: authority, keys });
      const certificate = Uint8Array.from(Buffer.from(of.cert.replaceAll(/-----.*-----|\s/g, ''), 'base64'));
      const host = 'flotilla.example';
      const { name } = keys.privateKey.algorithm;
      const signed = await subtle.sign({ name, hash: 'SHA-256' }, keys.privateKey, provenBytes(nonce, host).slice());
      const signature = new Uint8Array(signed).slice(0, 64);
      expect(refusal(encodeProof({ certificate, host, signature })), name).toMatch(/^Unauthorized: .*not signed by/);
    }
  });

  test('bytes that are no proof, and a certificate that is none', () => {
    expect(refusal(new Uint8Array(0))).toMatch(/^MalformedFrame/);
    const none = { certificate: new Uint8Array(100), host: 'flotilla.example', signature: new Uint8Array(64) };
    expect(refusal(encodeProof(none))).toMatch(/cannot be read/);
  });

  test('after a reload the new authority is believed, and the former no more', async () => {
    const next = await makeCertificate({ commonName: 'next', authority: true });
    const reloading = verifierOf(authority);
    reloading.reloadTls({ ca: next.cert, cert: server.cert });
    expect(refusal(await proof(page), reloading)).toMatch(/not believed/);
    const renewed = await makeCertificate({ commonName: 'page', issuer: next });
    expect(refusal(await proof(renewed), reloading)).toBe('believed');
    expect(() => reloading.reloadTls({ ca: 'nothing', cert: server.cert })).toThrow('InvalidArgument');
    expect(refusal(await proof(renewed), reloading)).toBe('believed');
  });
});
