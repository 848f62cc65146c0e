import { createHash, X509Certificate } from 'node:crypto';
import { FlotillaError } from '@flotilla/errors';
import { type CertificateClaims, certificateClaims, CLIENT_CERTIFICATE_NAME } from '@flotilla/transport';
import { certificateIdentity } from '@flotilla/transport-ws';

/** What a certificate is good for in a cluster: `other` is one of foreign rules, which names nothing below `flotilla`. */
export type CertificateRole = 'authority' | 'node' | 'client' | 'other';

/** What a certificate says, for people, machines and the server itself. */
export interface CertificateFacts {
  readonly role: CertificateRole;
  readonly claims: CertificateClaims;
  /** Nodes that it is bound to, ascending; empty: none, or any. */
  readonly nodeIds: readonly number[];
  readonly commonName: string;
  readonly issuer: string;
  /** Hexadecimal digits. */
  readonly serialNumber: string;
  /** DNS names, without the common name. */
  readonly names: readonly string[];
  /** IP addresses. */
  readonly addresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of its SubjectPublicKeyInfo, 64 hexadecimal digits: what the cluster keeps on record for a node. */
  readonly spkiPin: string;
  /** SHA-256 of the whole certificate (DER), 64 hexadecimal digits: what browsers take as `serverCertificateHashes`. */
  readonly sha256: string;
  /** `EC P-256`, `RSA`, `Ed25519` or another. */
  readonly key: string;
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * The certificates of a file in PEM, in its order.
 *
 * @param what names the file in errors
 * @throws {FlotillaError} InvalidArgument where there is none, or one cannot be read
 */
export function readCertificates(pem: string, what: string): [X509Certificate, ...X509Certificate[]] {
  const [first, ...others] = (pem.match(PEM) ?? []).map((each) => {
    try {
      return new X509Certificate(each);
    } catch (cause) {
      throw invalid(`${what} holds a certificate that cannot be read: ${(cause as Error).message}`, cause);
    }
  });
  if (first === undefined) throw invalid(`${what} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)`);
  return [first, ...others];
}

/** What a certificate says. */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  const { spkiSha256, names } = certificateIdentity(certificate.toString());
  const claims = certificateClaims(names);
  const alternatives = (certificate.subjectAltName ?? '').split(', ');
  return {
    role: roleOf(certificate, claims, names),
    claims,
    nodeIds: claims.kind === 'node' ? claims.nodeIds : [],
    commonName: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    serialNumber: certificate.serialNumber.toLowerCase(),
    names: alternatives.flatMap((each) => valueOf(each, 'DNS:')),
    addresses: alternatives.flatMap((each) => valueOf(each, 'IP Address:')).map(canonicalIp),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    spkiPin: Buffer.from(spkiSha256).toString('hex'),
    sha256: createHash('sha256').update(certificate.raw).digest('hex'),
    key: keyOf(certificate),
  };
}

function roleOf(certificate: X509Certificate, claims: CertificateClaims, names: readonly string[]): CertificateRole {
  if (certificate.ca) return 'authority';
  if (claims.kind === 'node') return 'node';
  return names.includes(CLIENT_CERTIFICATE_NAME) ? 'client' : 'other';
}

/** The common name of a distinguished name; all of it where it has none. */
function nameOf(distinguished: string): string {
  const common = distinguished.split('\n').find((line) => line.startsWith('CN='));
  return common === undefined ? distinguished.replaceAll('\n', ', ') : common.slice('CN='.length);
}

function valueOf(alternative: string, kind: string): string[] {
  return alternative.startsWith(kind) ? [alternative.slice(kind.length)] : [];
}

/** Runtimes write IPv6 addresses in forms of their own. */
function canonicalIp(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function keyOf({ publicKey }: X509Certificate): string {
  const { namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  if (publicKey.asymmetricKeyType !== 'ec') return publicKey.asymmetricKeyType ?? 'unknown';
  return namedCurve === 'prime256v1' || namedCurve === 'p256' ? 'EC P-256' : `EC ${namedCurve ?? ''}`.trim();
}

function invalid(reason: string, cause?: unknown): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'certificate', reason }, cause });
}
