// X.509 certificates made at test time: a DER writer of a few lines over WebCrypto, so that no file and no program is needed.
import { webcrypto } from 'node:crypto';

const { subtle } = webcrypto;
const DAY_MS = 86_400_000;
const USAGES = { server: '2b06010505070301', client: '2b06010505070302' } as const;
const ECDSA_SHA256 = '2a8648ce3d040302';
const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;

function tlv(tag: number, ...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const content = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}
const sequence = (...parts: Uint8Array[]): Uint8Array => tlv(0x30, ...parts);
const oid = (hex: string): Uint8Array => tlv(0x06, Buffer.from(hex, 'hex'));
const text = (value: string): Uint8Array => tlv(0x0c, Buffer.from(value));
const name = (commonName: string): Uint8Array => sequence(tlv(0x31, sequence(oid('550403'), text(commonName))));
const time = (ms: number): Uint8Array =>
  tlv(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));
const extension = (id: string, critical: boolean, value: Uint8Array): Uint8Array =>
  sequence(oid(id), ...(critical ? [tlv(0x01, [0xff])] : []), tlv(0x04, value));
function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = bytes.subarray(Math.max(0, start));
  return tlv(0x02, (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits);
}
function pem(label: string, der: ArrayBuffer | Uint8Array): string {
  const lines =
    Buffer.from(der as Uint8Array)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** A certificate with its private key. */
export interface TestCertificate {
  readonly commonName: string;
  readonly keys: webcrypto.CryptoKeyPair;
  readonly spki: Uint8Array;
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate, signed by `issuer` or by itself. Times are ms from now. */
export async function makeCertificate(options: {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipv4?: readonly number[];
  readonly issuer?: TestCertificate;
  readonly authority?: boolean;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly keys?: webcrypto.CryptoKeyPair;
  /** What its key may be used for (default: both). */
  readonly usages?: readonly ('server' | 'client')[];
}): Promise<TestCertificate> {
  const { commonName, dnsNames = [], ipv4, issuer, authority = false, fromMs = -DAY_MS, toMs = DAY_MS } = options;
  const keys = options.keys ?? (await subtle.generateKey(P256, true, ['sign', 'verify']));
  const spki = new Uint8Array(await subtle.exportKey('spki', keys.publicKey));
  const extensions = [
    extension('551d13', true, authority ? sequence(tlv(0x01, [0xff])) : sequence()),
    extension('551d0f', true, tlv(0x03, authority ? [1, 0x86] : [7, 0x80])),
  ];
  if (!authority) {
    const usages = (options.usages ?? ['server', 'client']).map((usage) => oid(USAGES[usage]));
    extensions.push(extension('551d25', false, sequence(...usages)));
  }
  const alternatives = dnsNames.map((dns) => tlv(0x82, Buffer.from(dns)));
  if (ipv4 !== undefined) alternatives.push(tlv(0x87, ipv4));
  if (alternatives.length > 0) extensions.push(extension('551d11', false, sequence(...alternatives)));
  const now = Date.now();
  const body = sequence(
    tlv(0xa0, tlv(0x02, [2])),
    tlv(0x02, [1, ...webcrypto.getRandomValues(new Uint8Array(8))]),
    sequence(oid(ECDSA_SHA256)),
    name(issuer?.commonName ?? commonName),
    sequence(time(now + fromMs), time(now + toMs)),
    name(commonName),
    spki,
    tlv(0xa3, sequence(...extensions)),
  );
  const signer = (issuer?.keys ?? keys).privateKey;
  const raw = new Uint8Array(await subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signer, body));
  const signature = sequence(integer(raw.subarray(0, 32)), integer(raw.subarray(32)));
  const der = sequence(body, sequence(oid(ECDSA_SHA256)), tlv(0x03, [0], signature));
  return {
    commonName,
    keys,
    spki,
    cert: pem('CERTIFICATE', der),
    key: pem('PRIVATE KEY', await subtle.exportKey('pkcs8', keys.privateKey)),
  };
}
