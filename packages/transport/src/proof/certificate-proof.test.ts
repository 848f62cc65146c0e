import { describe, expect, test } from 'vitest';
import { certificateProof } from './certificate-proof.js';
import { decodeProof, encodeProof, provenBytes } from './proof-format.js';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const nonce = crypto.getRandomValues(new Uint8Array(32));
const certificate = Uint8Array.from([48, 3, 2, 1, 7]);

const pem = (label: string, bytes: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${btoa(String.fromCharCode(...bytes))}\n-----END ${label}-----\n`;

async function keys(): Promise<{ readonly pair: CryptoKeyPair; readonly key: string }> {
  const pair = await crypto.subtle.generateKey(P256, true, ['sign', 'verify']);
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  return { pair, key: pem('PRIVATE KEY', pkcs8) };
}

async function isSigned(proof: Uint8Array, by: CryptoKey, host: string): Promise<boolean> {
  const { signature } = decodeProof(proof);
  const signed = provenBytes(nonce, host) as Uint8Array<ArrayBuffer>;
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, by, signature as Uint8Array<ArrayBuffer>, signed);
}

describe('a proof of a certificate', () => {
  test.each([
    ['wss://flotilla.example:7101', 'flotilla.example'],
    ['WSS://Flotilla.Example:7101/', 'flotilla.example'],
    ['wss://10.0.0.1:7101', '10.0.0.1'],
    ['wt://[2001:DB8::1]:7101', '2001:db8::1'],
  ])('dialled at %s is for the host %s, and for this challenge', async (address, host) => {
    const { pair, key } = await keys();
    const proof = await certificateProof({ certificate: pem('CERTIFICATE', certificate), key }).prove(nonce, address);
    expect(decodeProof(proof)).toMatchObject({ certificate, host });
    expect(await isSigned(proof, pair.publicKey, host)).toBe(true);
    expect(await isSigned(proof, pair.publicKey, 'elsewhere.example')).toBe(false);
  });

  test('a key that cannot be taken out signs as well', async () => {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(P256, false, ['sign', 'verify']);
    const proving = certificateProof({ certificate: pem('CERTIFICATE', certificate), key: privateKey });
    expect(await isSigned(await proving.prove(nonce, 'wss://a.example:1'), publicKey, 'a.example')).toBe(true);
  });

  test('of a file with several certificates the first is shown', async () => {
    const { key } = await keys();
    const chain = pem('CERTIFICATE', certificate) + pem('CERTIFICATE', Uint8Array.of(48, 0));
    const proof = await certificateProof({ certificate: chain, key }).prove(nonce, 'wss://a.example:1');
    expect(decodeProof(proof).certificate).toEqual(certificate);
  });

  test('what cannot be used is said, without any of the key', async () => {
    const { key } = await keys();
    expect(() => certificateProof({ certificate: 'none', key })).toThrow('no CERTIFICATE in PEM');
    expect(() => certificateProof({ certificate: pem('CERTIFICATE', certificate), key: 'none' })).toThrow(
      'no PRIVATE KEY in PEM',
    );
    const bad = certificateProof({
      certificate: pem('CERTIFICATE', certificate),
      key: pem('PRIVATE KEY', certificate),
    });
    await expect(bad.prove(nonce, 'wss://a.example:1')).rejects.toMatchObject({ code: 'InvalidConfig' });
  });

  test.each<[string, (proof: Uint8Array) => Uint8Array]>([
    ['nothing', () => new Uint8Array(0)],
    ['another version', (proof) => Uint8Array.of(9, ...proof.subarray(1))],
    ['a cut one', (proof) => proof.subarray(0, proof.length - 1)],
    ['one with more behind it', (proof) => Uint8Array.of(...proof, 0)],
    [
      'a certificate of any length',
      () => encodeProof({ certificate: new Uint8Array(3_500), host: 'a', signature: new Uint8Array(64) }),
    ],
    ['a host of any length', () => encodeProof({ certificate, host: 'a'.repeat(300), signature: new Uint8Array(64) })],
  ])('%s is no proof', (_, make) => {
    const proof = encodeProof({ certificate, host: 'a.example', signature: new Uint8Array(64) });
    expect(() => decodeProof(make(proof))).toThrow('MalformedFrame');
  });
});
