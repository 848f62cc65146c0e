import { verify, X509Certificate } from 'node:crypto';
import { FlotillaError } from '@flotilla/errors';
import type { ProofVerifier, TlsIdentity } from '@flotilla/transport';
import { parseAddress } from '@flotilla/transport/multiplex';
import { decodeProof, provenBytes } from '@flotilla/transport/proof';
import { certificateIdentity } from '@flotilla/transport-ws';
import { certificateFacts, readCertificates } from './certificate-facts.js';
import { type IdentityTexts, namesHost } from './server-identity.js';

/** What proofs are held against. */
export interface ProofVerifierOptions {
  /** Whose certificates are believed, and which names are this server's. */
  readonly tls: Pick<IdentityTexts, 'ca' | 'cert'>;
  /** Canonical URLs by which this server is dialled beside the names of its certificate: behind a proxy, the proxy's. */
  readonly addresses: () => readonly string[];
  /** ms since 1970. */
  readonly wallClock: () => number;
}

interface Believed {
  readonly authorities: readonly X509Certificate[];
  readonly own: ReturnType<typeof certificateFacts>;
}

/** The extension "extended key usage", and TLS client authentication in it (RFC 5280, 4.2.1.12), as they stand in DER. */
const EXTENDED_KEY_USAGE = Buffer.from('0603551d25', 'hex');
const CLIENT_AUTHENTICATION = Buffer.from('06082b06010505070302', 'hex');

/**
 * Judges proofs of pages: the certificate is signed by an authority of the cluster, directly, is valid now, and is no authority's; its key signed
 * the nonce of this connection, and the host that was dialled is one of this server's. The last keeps whoever runs another host from passing
 * on what a page proves to it.
 */
export class CertificateProofVerifier implements ProofVerifier {
  readonly #options: ProofVerifierOptions;
  #believed: Believed;

  /** @throws {FlotillaError} InvalidArgument where the PEM cannot be read */
  constructor(options: ProofVerifierOptions) {
    this.#options = options;
    this.#believed = believed(options.tls);
  }

  /** Believes others from now on. @throws {FlotillaError} InvalidArgument where the PEM cannot be read; the former then stay */
  reloadTls(tls: Pick<IdentityTexts, 'ca' | 'cert'>): void {
    this.#believed = believed(tls);
  }

  verify(bytes: Uint8Array, nonce: Uint8Array): TlsIdentity {
    const { certificate: der, host, signature } = decodeProof(bytes);
    const certificate = certificateOf(der);
    this.#judgeCertificate(certificate);
    const { publicKey } = certificate;
    const signed = provenBytes(nonce, host);
    const isP256 = publicKey.asymmetricKeyType === 'ec' && signature.length === 64;
    if (!isP256 || !verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) {
      throw unauthorized('the proof is not signed by the key of its certificate, or answers another challenge');
    }
    if (!this.#isOwn(host)) {
      throw unauthorized(
        `the proof is for ${host}, which is no name of this server: dial it as its certificate or advertise names it`,
      );
    }
    return certificateIdentity(certificate.toString());
  }

  #judgeCertificate(certificate: X509Certificate): void {
    const nowMs = this.#options.wallClock();
    if (certificate.ca) throw unauthorized('the certificate is one of an authority (CA:TRUE)');
    const issuers = this.#believed.authorities.filter(
      (authority) => authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
    );
    // One that was renewed with its key stands beside its former certificate.
    const issuer = issuers.find((authority) => isValidAt(authority, nowMs)) ?? issuers[0];
    if (issuer === undefined) throw unauthorized('the certificate is of an authority that is not believed here');
    const untimely = [certificate, issuer].find((each) => !isValidAt(each, nowMs));
    if (untimely !== undefined) {
      const { validFrom, validTo } = untimely;
      throw unauthorized(`the certificate, or its authority's, is valid from ${validFrom} to ${validTo}`);
    }
    const { raw } = certificate;
    if (raw.includes(EXTENDED_KEY_USAGE) && !raw.includes(CLIENT_AUTHENTICATION)) {
      throw unauthorized('the certificate is not one for clients (extended key usage)');
    }
  }

  #isOwn(host: string): boolean {
    if (namesHost(this.#believed.own, host)) return true;
    return this.#options.addresses().some((address) => parseAddress(address).host === host);
  }
}

function isValidAt({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return nowMs >= Date.parse(validFrom) && nowMs <= Date.parse(validTo);
}

function believed(tls: Pick<IdentityTexts, 'ca' | 'cert'>): Believed {
  const [own] = readCertificates(tls.cert, 'tlsCert');
  return { authorities: readCertificates(tls.ca, 'tlsCa'), own: certificateFacts(own) };
}

function certificateOf(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw unauthorized('the certificate cannot be read', cause);
  }
}

function unauthorized(reason: string, cause?: unknown): FlotillaError<'Unauthorized'> {
  return new FlotillaError('Unauthorized', { message: reason, details: { reason }, cause });
}
