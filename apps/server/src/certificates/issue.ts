import { X509Certificate } from 'node:crypto';
import { FlotillaError } from '@flotilla/errors';
import {
  CLIENT_CERTIFICATE_NAME,
  isReservedName,
  NODE_CERTIFICATE_NAME,
  nodeCertificateName,
} from '@flotilla/transport';
import { certificateFacts, type CertificateFacts, readCertificates } from './certificate-facts.js';
import type { CertificateHost } from './certificate-hosts.js';
import { x509 } from './x509-library.js';

const { subtle } = crypto;

/** Keys as the library types them: those of the platform, of which it knows fewer usages. */
type Key = x509.X509CertificateCreateWithKeyParams['signingKey'];
type KeyPair = x509.X509CertificateCreateSelfSignedParams['keys'];

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const SERIAL_BYTES = 16;
const NAME_CHARACTERS_MAX = 64;
const DAY_MS = 86_400_000;
/** Clocks that are behind ours by no more than this take a certificate at once. */
const BACKDATED_MS = 3_600_000;

/** Browsers take a certificate by its hash where it is valid for no more than 14 days in all, and ours begin an hour before now. */
const BROWSER_DAYS_MAX = 13;
/** Days that a leaf is valid where nothing is said, or as long as its authority where that is shorter. */
const LEAF_DAYS = 365;

/** A certificate with its private key, both in PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that can sign. */
export interface Authority {
  /** Its certificate in PEM. */
  readonly cert: string;
  readonly facts: CertificateFacts;
  readonly key: Key;
}

/** What a leaf is to be. */
export type LeafRequest =
  | {
      readonly role: 'node';
      /** Common name, for people. */
      readonly name: string;
      /** The node that it is bound to; undefined: any. */
      readonly nodeId: number | undefined;
      readonly hosts: readonly CertificateHost[];
      /** `browsers`: these take it by its hash, which they do for 13 days at most. */
      readonly audience: 'nodes' | 'browsers';
      readonly days: number | undefined;
    }
  | { readonly role: 'client'; readonly name: string; readonly days: number | undefined };

/** Makes an authority: a self-signed certificate that may sign leaves, and no other authorities (RFC 5280, 4.2.1.9: path length 0). */
export async function createAuthority(name: string, days: number, nowMs: number): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const subject = [{ CN: [checkedName(name)] }];
  const cert = await selfSigned(keys.publicKey, keys.privateKey, subject, validity(nowMs, days));
  return { cert, key: await keyPem(keys) };
}

/** Makes a key and a leaf for it, signed by the authority. @throws {FlotillaError} InvalidArgument where it would be valid for too long, or the authority has expired */
export async function createLeaf(
  authority: Authority,
  request: LeafRequest,
  nowMs: number,
): Promise<IssuedCertificate> {
  requireValid(authority, nowMs);
  const keys = await newKeys();
  const names =
    request.role === 'client'
      ? [dns(CLIENT_CERTIFICATE_NAME)]
      : [
          dns(NODE_CERTIFICATE_NAME),
          ...(request.nodeId === undefined ? [] : [dns(nodeCertificateName(request.nodeId))]),
          ...request.hosts,
        ];
  const cert = await signedLeaf(authority, {
    publicKey: keys.publicKey,
    subject: [{ CN: [checkedName(request.name)] }],
    names,
    isServer: request.role === 'node',
    validity: leafValidity(authority, request, nowMs),
  });
  return { cert, key: await keyPem(keys) };
}

/** What a renewal may change; all else stays. */
export interface RenewalChanges {
  readonly days: number;
  /** Instead of the former hosts. */
  readonly hosts?: readonly CertificateHost[];
  /** Binds a node's certificate that was not bound. */
  readonly nodeId?: number;
}

/**
 * Makes a certificate anew for the same key, valid for `days` from now: its SPKI pin stays. An authority renews itself.
 *
 * @throws {FlotillaError} InvalidArgument for an authority that is not this one, for changes that make it another's, and where it would outlive the authority
 */
export async function renewCertificate(
  authority: Authority,
  pem: string,
  changes: RenewalChanges,
  nowMs: number,
): Promise<string> {
  const former = new x509.X509Certificate(pem);
  const facts = certificateFacts(new X509Certificate(pem));
  const publicKey = await importedKey(former.publicKey.rawData);
  if (facts.role === 'authority') {
    if (facts.spkiPin !== authority.facts.spkiPin) throw invalid('an authority can be renewed with its own key only');
    return selfSigned(publicKey, authority.key, former.subjectName, validity(nowMs, changes.days));
  }
  requireValid(authority, nowMs);
  const usage = former.getExtension(x509.ExtendedKeyUsageExtension);
  return signedLeaf(authority, {
    publicKey,
    subject: former.subjectName,
    names: renewedNames(former, facts, changes),
    isServer: usage === null || usage.usages.includes(x509.ExtendedKeyUsage.serverAuth),
    validity: within(authority, validity(nowMs, changes.days)),
  });
}

function renewedNames(
  former: x509.X509Certificate,
  facts: CertificateFacts,
  { hosts, nodeId }: RenewalChanges,
): readonly x509.JsonGeneralName[] {
  const extension = former.getExtension(x509.SubjectAlternativeNameExtension);
  const names = (extension?.names.items ?? []).map((each) => each.toJSON());
  if (hosts === undefined && nodeId === undefined) return names;
  if (facts.role !== 'node') throw invalid('only certificates of nodes have hosts, and are bound to a node');
  if (nodeId !== undefined && facts.nodeIds.length > 0 && !facts.nodeIds.includes(nodeId)) {
    throw invalid(`the certificate is bound to node ${facts.nodeIds.join(', ')}; make a new one for node ${nodeId}`);
  }
  const isClaim = ({ type, value }: x509.JsonGeneralName): boolean => type === 'dns' && isReservedName(value);
  const binding = nodeId === undefined || facts.nodeIds.includes(nodeId) ? [] : [dns(nodeCertificateName(nodeId))];
  return [...names.filter(isClaim), ...binding, ...(hosts ?? names.filter((each) => !isClaim(each)))];
}

/** Reads an authority. @throws {FlotillaError} InvalidArgument where certificate and key cannot be read or do not belong together */
export async function openAuthority(cert: string, keyText: string): Promise<Authority> {
  const [certificate] = readCertificates(cert, 'the file of the authority');
  const facts = certificateFacts(certificate);
  if (!certificate.ca) throw invalid(`the certificate "${facts.commonName}" is not that of an authority`);
  let key: Key;
  try {
    const der = x509.PemConverter.decodeFirst(keyText);
    key = (await subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign'])) as Key;
  } catch {
    // The cause is left out: it must not carry any of the key.
    throw invalid('the key of the authority is no ECDSA P-256 key in PEM (-----BEGIN PRIVATE KEY-----)');
  }
  if (!(await belongTogether(key, await importedKey(new x509.X509Certificate(cert).publicKey.rawData)))) {
    throw invalid(`the key is not that of the authority "${facts.commonName}"`);
  }
  return { cert, facts, key };
}

/** One that has expired signs nobody; itself it may renew. */
function requireValid({ facts }: Authority, nowMs: number): void {
  if (facts.notAfter.getTime() > nowMs) return;
  const expired = `the authority "${facts.commonName}" expired at ${facts.notAfter.toISOString()}`;
  throw invalid(`${expired}. Renew it first: flotilla cert renew DIR/ca.pem --ca DIR`);
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

function leafValidity(authority: Authority, request: LeafRequest, nowMs: number): Validity {
  const isForBrowsers = request.role === 'node' && request.audience === 'browsers';
  if (isForBrowsers && (request.days ?? 0) > BROWSER_DAYS_MAX) {
    throw invalid(`browsers take no certificate by its hash that is valid for longer than ${BROWSER_DAYS_MAX} days`);
  }
  if (request.days !== undefined) return within(authority, validity(nowMs, request.days));
  const usual = validity(nowMs, isForBrowsers ? BROWSER_DAYS_MAX : LEAF_DAYS);
  const { notAfter } = authority.facts;
  return notAfter < usual.notAfter ? { ...usual, notAfter } : usual;
}

function validity(nowMs: number, days: number): Validity {
  return { notBefore: new Date(nowMs - BACKDATED_MS), notAfter: new Date(nowMs + days * DAY_MS) };
}

function within({ facts }: Authority, given: Validity): Validity {
  if (given.notAfter <= facts.notAfter) return given;
  throw invalid(
    `the certificate would outlive its authority, which is valid until ${facts.notAfter.toISOString()}. Give fewer --days, or renew the authority first`,
  );
}

async function newKeys(): Promise<KeyPair> {
  return (await subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as KeyPair;
}

async function importedKey(spki: ArrayBuffer): Promise<Key> {
  try {
    return (await subtle.importKey('spki', spki, ALGORITHM, true, ['verify'])) as Key;
  } catch (cause) {
    throw invalid('only certificates with ECDSA P-256 keys are made and renewed', cause);
  }
}

async function keyPem(keys: KeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`;
}

async function belongTogether(privateKey: Key, publicKey: Key): Promise<boolean> {
  const text = crypto.getRandomValues(new Uint8Array(32));
  return subtle.verify(ALGORITHM, publicKey, await subtle.sign(ALGORITHM, privateKey, text), text);
}

async function selfSigned(
  publicKey: Key,
  signingKey: Key,
  subject: x509.X509CertificateCreateParamsName,
  { notBefore, notAfter }: Validity,
): Promise<string> {
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject,
    issuer: subject,
    notBefore,
    notAfter,
    publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

async function signedLeaf(
  authority: Authority,
  leaf: {
    readonly publicKey: Key;
    readonly subject: x509.X509CertificateCreateParamsName;
    readonly names: readonly x509.JsonGeneralName[];
    readonly isServer: boolean;
    readonly validity: Validity;
  },
): Promise<string> {
  const issuer = new x509.X509Certificate(authority.cert);
  const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: leaf.subject,
    issuer: issuer.subjectName,
    ...leaf.validity,
    publicKey: leaf.publicKey,
    signingKey: authority.key,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(leaf.isServer ? [serverAuth, clientAuth] : [clientAuth]),
      new x509.SubjectAlternativeNameExtension([...leaf.names]),
      await x509.SubjectKeyIdentifierExtension.create(leaf.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer, false),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

/** Above zero and no longer than 20 bytes (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

/** Letters, digits and what stands between them: nothing that a writer or reader of distinguished names gives a meaning (RFC 4514, 2.4). */
function checkedName(name: string): string {
  const text = name.trim();
  if ([...text].length > NAME_CHARACTERS_MAX || !/^[\p{L}\p{N}][\p{L}\p{M}\p{N} ._@:()'/-]*$/u.test(text)) {
    throw invalid(
      `a name has 1 to ${NAME_CHARACTERS_MAX} letters, digits, spaces and . _ @ : ( ) ' / -, and begins with a letter or digit`,
    );
  }
  // Names are read as one set: a common name must not claim what the alternative names do not.
  if (isReservedName(text)) throw invalid(`"${text}" cannot be a name: those below "flotilla" say what a bearer is`);
  return text;
}

function dns(value: string): CertificateHost {
  return { type: 'dns', value };
}

function invalid(reason: string, cause?: unknown): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'certificate', reason }, cause });
}
