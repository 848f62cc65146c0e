import { createHash, X509Certificate } from 'node:crypto';
import { QuicError } from '../errors.js';
import type { PeerCertificate } from '../session.js';

/** Reads what is said of a peer's certificate. @throws QuicError `PeerUnproven` if it cannot be one of a peer */
export function readPeerCertificate(der: Uint8Array): PeerCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (cause) {
    throw new QuicError('PeerUnproven', 'the peer shows something that is no certificate', { cause });
  }
  if (certificate.ca)
    throw new QuicError('PeerUnproven', 'the peer shows a certificate of an authority (CA:TRUE) as its own');
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const names = alternativeNames(certificate.subjectAltName ?? '');
  return {
    der,
    spkiSha256: new Uint8Array(createHash('sha256').update(spki).digest()),
    commonName: /^CN=(.+)$/mu.exec(certificate.subject ?? '')?.[1],
    dnsNames: names.flatMap(([kind, name]) => (kind === 'DNS' ? [name] : [])),
    ipAddresses: names.flatMap(([kind, name]) => (kind === 'IP Address' ? [canonicalAddress(name)] : [])),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
  };
}

/** The entries of a subjectAltName as OpenSSL prints it; names with odd characters are in quotes, as JSON, and are left out. */
function alternativeNames(text: string): readonly (readonly [kind: string, name: string])[] {
  const unquoted = text.replaceAll(/[^,\s][^,]*:"(?:[^"\\]|\\.)*"/gu, '');
  return unquoted.split(', ').flatMap((entry) => {
    const colon = entry.indexOf(':');
    return colon < 0 ? [] : [[entry.slice(0, colon), entry.slice(colon + 1)] as const];
  });
}

/** Runtimes write v6 addresses in different lengths; this is the shortest (RFC 5952), as URLs have it. */
function canonicalAddress(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
