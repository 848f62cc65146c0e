// Certificates made at test time.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const DAY_MS = 86_400_000;
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A certificate with its private key. */
export interface TestCertificate {
  readonly commonName: string;
  readonly keys: CryptoKeyPair;
  /** PEM; leaves have no chain. */
  readonly cert: string;
  readonly key: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** Of `makeCertificate`. Times are ms from now. */
export interface CertificateOrder {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Signs it; itself if not given. */
  readonly issuer?: TestCertificate;
  readonly authority?: boolean;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly algorithm?: 'P-256' | 'Ed25519';
}

/** Makes a certificate. */
export async function makeCertificate(order: CertificateOrder): Promise<TestCertificate> {
  const { commonName, issuer, authority = false, fromMs = -DAY_MS, toMs = 7 * DAY_MS } = order;
  const algorithm = order.algorithm === 'Ed25519' ? { name: 'Ed25519' } : P256;
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
  const names: x509.JsonGeneralNames = [
    ...(order.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(order.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${commonName}`,
    issuer: `CN=${issuer?.commonName ?? commonName}`,
    notBefore: new Date(Date.now() + fromMs),
    notAfter: new Date(Date.now() + toMs),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: issuer === undefined ? algorithm : signingAlgorithm(issuer),
    extensions: [
      new x509.BasicConstraintsExtension(authority, undefined, true),
      new x509.KeyUsagesExtension(
        // An authority may also be shown as a peer, where it is to be refused for what it is.
        authority
          ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature
          : x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      ...(authority
        ? []
        : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth])]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    commonName,
    keys,
    cert: certificate.toString('pem'),
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    der: new Uint8Array(certificate.rawData),
  };
}

function signingAlgorithm(issuer: TestCertificate): Algorithm | EcdsaParams {
  return issuer.keys.privateKey.algorithm.name === 'Ed25519' ? { name: 'Ed25519' } : P256;
}

/** An authority and what it has issued: a server, a client. */
export interface TestCluster {
  readonly authority: TestCertificate;
  readonly server: TestCertificate;
  readonly client: TestCertificate;
}

/** Makes a cluster's certificates. */
export async function makeCluster(): Promise<TestCluster> {
  const authority = await makeCertificate({ commonName: 'authority', authority: true });
  const [server, client] = await Promise.all([
    makeCertificate({
      commonName: 'server',
      dnsNames: ['node.flotilla', 'localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
      issuer: authority,
    }),
    makeCertificate({ commonName: 'client', dnsNames: ['node.flotilla', 'node-7.node.flotilla'], issuer: authority }),
  ]);
  return { authority, server, client };
}
