import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';
import { QuicError } from '../errors.js';
import { concatBytes } from '../http3/varint.js';

const LABEL = 'quic-transport-ponyfill server proof 1';

/** What a server signs: whom it talks to, as TLS showed it. */
export interface ProofContext {
  /** Of the client's hello. */
  readonly nonce: Uint8Array;
  /** The client's leaf (DER) as the server saw it in TLS; undefined if it saw none. */
  readonly clientLeaf: Uint8Array | undefined;
}

/** A side's own certificates and key, read once. */
export interface Identity {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyObject;
}

/** Reads a chain and its key. @throws QuicError `InvalidArgument` */
export function readIdentity(cert: string, key: string): Identity {
  const chain = certificatesOf(cert, 'tls.cert').map((certificate) => new Uint8Array(certificate.raw));
  const [leaf] = chain;
  if (leaf === undefined) throw new QuicError('InvalidArgument', 'tls.cert holds no certificate');
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch (cause) {
    throw new QuicError('InvalidArgument', 'tls.key is no private key in PEM', { cause });
  }
  if (!new X509Certificate(leaf).checkPrivateKey(privateKey)) {
    throw new QuicError('InvalidArgument', 'tls.key is not the key of tls.cert');
  }
  return { chain, key: privateKey };
}

/** The certificates of PEM text. @throws QuicError `InvalidArgument` */
export function certificatesOf(pem: string, option: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  if (blocks.length === 0) throw new QuicError('InvalidArgument', `${option} holds no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new QuicError('InvalidArgument', `${option} holds something that is no certificate`, { cause });
  }
}

/** The server's signature. */
export function signProof(identity: Identity, context: ProofContext): Uint8Array {
  const signed = signedBytes(context, identity.chain[0] ?? new Uint8Array(0));
  return new Uint8Array(sign(digestFor(identity.key), signed, identity.key));
}

/** What a client expects of a server. */
export interface ProofExpectations {
  /** Undefined where the platform's issuers are trusted, which nobody can ask here: TLS has asked them. */
  readonly ca: string | undefined;
  readonly serverName: string;
  /** Accepts these leaves (SHA-256) instead of issuers and names. */
  readonly hashes: readonly Uint8Array[] | undefined;
  readonly now: number;
}

/**
 * Checks a server's proof: that its leaf is of a trusted issuer and carries the name (TLS has checked what the connection
 * showed, which need not be this one), and that its key signed this client's nonce and the client certificate of this very connection.
 * @returns the leaf
 * @throws QuicError `PeerUnproven`
 */
export function checkProof(
  chain: readonly Uint8Array[],
  signature: Uint8Array,
  context: ProofContext,
  expected: ProofExpectations,
): Uint8Array {
  const [leaf, ...intermediates] = chain.map((der) => readCertificate(der));
  const der = chain[0];
  if (leaf === undefined || der === undefined) throw unproven('it shows no certificate');
  if (leaf.ca) throw unproven('it shows a certificate of an authority (CA:TRUE) as its own');
  if (expected.hashes === undefined) checkTrust(leaf, intermediates, expected);
  else if (!expected.hashes.some((hash) => sameBytes(hash, sha256(der))))
    throw unproven('its certificate has another hash');
  // A key of another source than the certificate would come through here, so it is taken from there.
  const key = createPublicKey(leaf.publicKey.export({ type: 'spki', format: 'pem' }));
  if (!verify(digestFor(key), signedBytes(context, der), key, signature)) {
    throw unproven(
      context.clientLeaf === undefined
        ? 'its signature is not of its key over this connection'
        : 'it did not see this client certificate in TLS (somebody stands between, or it asks for none), or its signature is wrong',
    );
  }
  return der;
}

function checkTrust(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  expected: ProofExpectations,
): void {
  const named =
    isIP(expected.serverName) === 0 ? leaf.checkHost(expected.serverName) : leaf.checkIP(expected.serverName);
  if (named === undefined) throw unproven(`its certificate does not carry the name ${expected.serverName}`);
  if (expected.ca === undefined) return;
  const trusted = certificatesOf(expected.ca, 'tls.ca');
  let current = leaf;
  // Each step uses up an intermediate, so that a circle of them ends.
  const left = [...intermediates];
  for (;;) {
    checkDates(current, expected.now);
    const issuer = trusted.find((candidate) => isIssuedBy(current, candidate));
    if (issuer !== undefined) {
      checkDates(issuer, expected.now);
      return;
    }
    const at = left.findIndex((candidate) => candidate.ca && isIssuedBy(current, candidate));
    const [next] = at < 0 ? [] : left.splice(at, 1);
    if (next === undefined) throw unproven('its certificate is of no trusted issuer');
    current = next;
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkDates(certificate: X509Certificate, now: number): void {
  if (now < Date.parse(certificate.validFrom)) throw unproven('its certificate is not valid yet');
  if (now > Date.parse(certificate.validTo)) throw unproven('its certificate has expired');
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw unproven('it shows something that is no certificate', cause);
  }
}

function signedBytes(context: ProofContext, leaf: Uint8Array): Uint8Array {
  const label = new TextEncoder().encode(`${LABEL}\0`);
  const client = context.clientLeaf === undefined ? [0] : [1, ...sha256(context.clientLeaf)];
  return concatBytes(label, context.nonce, client, sha256(leaf));
}

/** EdDSA has its own digest (RFC 8032); all others sign SHA-256. */
function digestFor(key: KeyObject): 'sha256' | null {
  return key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'ed448' ? null : 'sha256';
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function unproven(why: string, cause?: unknown): QuicError {
  return new QuicError(
    'PeerUnproven',
    `the server has not proven itself: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
