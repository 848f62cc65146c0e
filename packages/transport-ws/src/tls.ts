import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { TlsIdentity } from '@flotilla/transport';
import { invalidConfig } from '@flotilla/transport/multiplex';
import type { WebSocketTls } from './options.js';

/** What both sides of a TLS connection are made with. */
export interface TlsMaterial {
  readonly ca: string[];
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.3';
}

/** Checks that the certificates can be used, and that nobody but their authority would be believed. @throws {FlotillaError} InvalidConfig */
export function tlsMaterial(tls: WebSocketTls): TlsMaterial {
  const ca = (typeof tls.ca === 'string' ? [tls.ca] : [...tls.ca]).filter((pem) => pem.trim() !== '');
  // Without an authority of ours, the system's would be believed.
  if (ca.length === 0) throw invalidConfig('tls.ca', 'no authority; give the PEM text of at least one certificate');
  for (const pem of ca) certificateOf('tls.ca', pem);
  const certificate = certificateOf('tls.cert', tls.cert);
  if (!certificate.checkPrivateKey(privateKeyOf(tls.key))) throw invalidConfig('tls.key', 'not the key of tls.cert');
  const material: TlsMaterial = { ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.3' };
  try {
    createSecureContext(material);
  } catch (error) {
    throw invalidConfig('tls', `cannot be used: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  return material;
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

/** Who the other side of a socket is by its certificate; undefined when it showed none. */
export function tlsIdentity(socket: TLSSocket): TlsIdentity | undefined {
  const certificate = socket.getPeerCertificate();
  return hasCertificate(certificate) ? identityOf(new X509Certificate(certificate.raw)) : undefined;
}

/** Who others take the bearer of a certificate for: the hash of its public key, and its names. @param pem the first certificate in it @throws {FlotillaError} InvalidConfig */
export function certificateIdentity(pem: string): TlsIdentity {
  return identityOf(certificateOf('certificate', pem));
}

function identityOf(certificate: X509Certificate): TlsIdentity {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const { subject, subjectaltname } = certificate.toLegacyObject();
  return {
    spkiSha256: Uint8Array.from(createHash('sha256').update(spki).digest()),
    names: certificateNames(subject.CN, subjectaltname),
  };
}

/**
 * Whether the other side shows the certificate of an authority (CA:TRUE) as its own. OpenSSL takes one, though its bearer could sign others by
 * itself (RFC 5280, 4.2.1.9); rustls does not (CaUsedAsEndEntity).
 */
export function showedAuthority(socket: TLSSocket): boolean {
  const certificate = socket.getPeerCertificate();
  return hasCertificate(certificate) && new X509Certificate(certificate.raw).ca;
}

/** Whether the other side showed a certificate at all. */
export function showedCertificate(socket: TLSSocket): boolean {
  return hasCertificate(socket.getPeerCertificate());
}

function hasCertificate(certificate: Partial<PeerCertificate> | null | undefined): certificate is PeerCertificate {
  return certificate?.raw !== undefined;
}

/** The common name and the DNS names, each once. */
export function certificateNames(commonName: unknown, alternativeNames: string | undefined): readonly string[] {
  const names = (Array.isArray(commonName) ? commonName : [commonName]).filter((name) => typeof name === 'string');
  for (const entry of splitAlternativeNames(alternativeNames ?? '')) {
    if (entry.startsWith('DNS:')) names.push(entry.slice('DNS:'.length));
  }
  return [...new Set(names)];
}

/** Entries stand apart by a comma; those with special characters are in quotes, so that a name cannot pretend to be two. */
function splitAlternativeNames(text: string): readonly string[] {
  const entries: string[] = [];
  const entry = /\s*([A-Za-z ]+:)("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/y;
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text);
    if (match === null) break;
    const [, kind = '', value = ''] = match;
    entries.push(kind + (value.startsWith('"') ? String(JSON.parse(value)) : value.trim()));
  }
  return entries;
}
