import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import { NODE_CERTIFICATE_NAME } from '@flotilla/transport';
import { type CertificateFacts, certificateFacts, readCertificates } from './certificate-facts.js';

/** Files in PEM, as the settings tlsCa, tlsCert and tlsKey name them. */
export interface IdentityFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Their contents. */
export interface IdentityTexts {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Who a server is by TLS, and whom it believes. */
export interface ServerIdentity {
  readonly tls: IdentityTexts;
  readonly certificate: CertificateFacts;
  readonly authorities: readonly CertificateFacts[];
}

/** What a certificate is held against beside itself. */
export interface IdentityContext {
  /** ms since 1970. */
  readonly nowMs: number;
  /** The id that the server is told, or has; undefined: any. */
  readonly nodeId: number | undefined;
  /** What it listens on and advertises (default: nothing that asks for names). */
  readonly addresses?: readonly string[];
}

type IdentitySetting = 'tlsCa' | 'tlsCert' | 'tlsKey';

/** Reads the files. @throws {FlotillaError} InvalidConfig naming the setting and the file */
export async function readIdentityTexts(files: IdentityFiles): Promise<IdentityTexts> {
  const read = async (key: IdentitySetting, path: string): Promise<string> =>
    await readFile(path, 'utf8').catch((cause: unknown) => {
      throw invalid(key, `the file ${path} cannot be read: ${(cause as Error).message}`, cause);
    });
  return {
    ca: await read('tlsCa', files.ca),
    cert: await read('tlsCert', files.cert),
    key: await read('tlsKey', files.key),
  };
}

/**
 * Judges a certificate before others do: it belongs to its key, is signed by an authority that is believed, valid now, that of a node, and of
 * this one. What others would refuse at every connection is so refused once, with what is wrong.
 *
 * @throws {FlotillaError} InvalidConfig naming the setting
 */
export function judgeIdentity(tls: IdentityTexts, context: IdentityContext): ServerIdentity {
  const believed = certificatesOf('tlsCa', tls.ca);
  const authorities = believed.map(certificateFacts);
  for (const facts of authorities) {
    if (facts.role === 'authority') continue;
    throw invalid('tlsCa', `"${facts.commonName}" is not the certificate of an authority (CA:TRUE)`);
  }
  const [leaf, ...chain] = certificatesOf('tlsCert', tls.cert);
  const facts = certificateFacts(leaf);
  if (!leaf.checkPrivateKey(privateKeyOf(tls.key))) {
    throw invalid('tlsKey', `not the key of the certificate in tlsCert ("${facts.commonName}")`);
  }
  judgeRole(facts, context);
  judgeTimes('tlsCert', facts, context.nowMs);
  const issuer = issuerOf(leaf, chain, believed, context.nowMs);
  if (issuer === undefined) {
    const names = authorities.map(({ commonName }) => `"${commonName}"`).join(', ');
    throw invalid(
      'tlsCert',
      `"${facts.commonName}" is signed by "${facts.issuer}", and none of tlsCa (${names}) did that`,
    );
  }
  judgeTimes('tlsCa', certificateFacts(issuer), context.nowMs);
  return { tls, certificate: facts, authorities };
}

/**
 * Hosts of `wss:` addresses that the certificate does not name: whoever dials them refuses it.
 *
 * @param addresses Canonical URLs of any scheme.
 */
export function hostsNotNamed(facts: CertificateFacts, addresses: readonly string[]): readonly string[] {
  const hosts = addresses
    .filter((address) => address.startsWith('wss:'))
    .map((address) => new URL(address).hostname.replaceAll(/^\[|\]$/g, ''))
    .filter((host) => host !== '0.0.0.0' && host !== '::');
  return [...new Set(hosts)].filter((host) => !namesHost(facts, host));
}

/**
 * Whether a certificate names a host: a star stands for one label, the first (RFC 9525, 6.3), and letters of either case are the same (RFC 4343).
 *
 * @param host as a URL has it: in lower case
 */
export function namesHost(facts: CertificateFacts, host: string): boolean {
  if (isIP(host) !== 0) return facts.addresses.includes(host);
  const [, ...rest] = host.split('.');
  const names = facts.names.map((name) => name.toLowerCase());
  return names.includes(host) || (rest.length > 0 && names.includes(`*.${rest.join('.')}`));
}

function judgeRole(facts: CertificateFacts, { nodeId, addresses = [] }: IdentityContext): void {
  const { role, claims, nodeIds, commonName } = facts;
  if (role === 'authority') {
    throw invalid('tlsCert', `"${commonName}" is the certificate of an authority (CA:TRUE), which is that of no node`);
  }
  if (claims.kind === 'other') {
    throw invalid('tlsCert', `"${commonName}" is the certificate of a client: make one with "flotilla cert node"`);
  }
  const quic = addresses.find((address) => address.startsWith('quic:'));
  if (quic !== undefined && !facts.names.some((name) => name.toLowerCase() === NODE_CERTIFICATE_NAME)) {
    throw invalid(
      'tlsCert',
      `"${commonName}" lacks the name ${NODE_CERTIFICATE_NAME}, which who dials ${quic} asks for`,
    );
  }
  if (nodeId === undefined || nodeIds.length === 0 || nodeIds.includes(nodeId)) return;
  throw invalid(
    'tlsCert',
    `"${commonName}" is the certificate of node ${nodeIds.join(', ')}, and this is node ${nodeId}`,
  );
}

function judgeTimes(key: IdentitySetting, { commonName, notBefore, notAfter }: CertificateFacts, nowMs: number): void {
  const now = `now is ${new Date(nowMs).toISOString()}`;
  if (nowMs < notBefore.getTime()) {
    throw invalid(key, `"${commonName}" is not valid before ${notBefore.toISOString()}; ${now}`);
  }
  if (nowMs > notAfter.getTime()) {
    const act = key === 'tlsCert' ? 'renew it with "flotilla cert renew", which keeps the key' : 'renew the authority';
    throw invalid(key, `"${commonName}" expired at ${notAfter.toISOString()}; ${now}: ${act}`);
  }
}

/**
 * The authority, among those believed, to which the certificate leads, by way of the others in its file where need be. One that was renewed with
 * its key stands beside its former certificate: that which is valid counts.
 */
function issuerOf(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  believed: readonly X509Certificate[],
  nowMs: number,
): X509Certificate | undefined {
  let certificate = leaf;
  for (let step = 0; step <= chain.length; step++) {
    const issued = certificate;
    const signed = (by: X509Certificate): boolean => issued.checkIssued(by) && issued.verify(by.publicKey);
    const authorities = believed.filter(signed);
    const isTimely = ({ validFrom, validTo }: X509Certificate): boolean =>
      nowMs >= Date.parse(validFrom) && nowMs <= Date.parse(validTo);
    const authority = authorities.find(isTimely) ?? authorities[0];
    if (authority !== undefined) return authority;
    const next = chain.find((each) => each.ca && signed(each));
    if (next === undefined) return undefined;
    certificate = next;
  }
  return undefined;
}

function certificatesOf(key: IdentitySetting, pem: string): [X509Certificate, ...X509Certificate[]] {
  try {
    return readCertificates(pem, 'the file');
  } catch (error) {
    if (!isFlotillaError(error, 'InvalidArgument')) throw error;
    throw invalid(key, error.details.reason, error);
  }
}

function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out: it must not carry any of the key into a log.
    throw invalid(
      'tlsKey',
      'the file holds no private key in PEM (-----BEGIN PRIVATE KEY-----), or one with a passphrase',
    );
  }
}

function invalid(key: IdentitySetting, reason: string, cause?: unknown): FlotillaError<'InvalidConfig'> {
  return new FlotillaError('InvalidConfig', { message: `${key}: ${reason}`, details: { key, reason }, cause });
}
