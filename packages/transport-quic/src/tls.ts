import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { PeerCertificate } from '@flotilla/quic-transport-ponyfill';
import { NODE_CERTIFICATE_NAME, type TlsIdentity } from '@flotilla/transport';
import { invalidConfig } from '@flotilla/transport/multiplex';
import type { QuicTls } from './options.js';

/** What both sides of a connection are made with. */
export interface TlsMaterial {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly serverName: string;
  readonly clientCertificatesRequired: boolean;
  /** SHA-256 of the leaf's DER. */
  readonly leafSha256: Uint8Array;
}

/** Checks that the certificates can be used. @throws {FlotillaError} InvalidConfig */
export function tlsMaterial(tls: QuicTls): TlsMaterial {
  const ca = (typeof tls.ca === 'string' ? [tls.ca] : [...tls.ca]).filter((pem) => pem.trim() !== '');
  if (ca.length === 0) throw invalidConfig('tls.ca', 'no authority; give the PEM text of at least one certificate');
  for (const pem of ca) certificateOf('tls.ca', pem);
  const certificate = certificateOf('tls.cert', tls.cert);
  if (!certificate.checkPrivateKey(privateKeyOf(tls.key))) throw invalidConfig('tls.key', 'not the key of tls.cert');
  return {
    ca: ca.join('\n'),
    cert: tls.cert,
    key: tls.key,
    serverName: tls.serverName ?? NODE_CERTIFICATE_NAME,
    clientCertificatesRequired: tls.clientCertificates !== 'optional',
    leafSha256: sha256(certificate.raw),
  };
}

function certificateOf(key: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw invalidConfig(key, 'no certificate in PEM (-----BEGIN CERTIFICATE-----)', error);
  }
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out: it must not carry any of the key into a log.
    throw invalidConfig(
      'tls.key',
      'no private key in PEM (-----BEGIN PRIVATE KEY-----), or one that needs a passphrase',
    );
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(bytes).digest());
}

/** Who shows a certificate that TLS, or the session's hello, has verified. */
export function certificateIdentity({ der, spkiSha256, dnsNames }: PeerCertificate): TlsIdentity {
  const certificate = new X509Certificate(der);
  const { CN: commonName } = certificate.toLegacyObject().subject;
  const names = (Array.isArray(commonName) ? commonName : [commonName]).filter((name) => typeof name === 'string');
  return { spkiSha256, names: [...new Set([...names, ...dnsNames])] };
}
