import type { ClusterNode, ClusterNodeConfig } from '@flotilla/cluster';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import { IdentityKeeper, type NodeRecord } from '../certificates/identity-keeper.js';
import {
  hostsNotNamed,
  type IdentityFiles,
  type IdentityTexts,
  judgeIdentity,
  readIdentityTexts,
  type ServerIdentity,
} from '../certificates/server-identity.js';
import type { Logger } from '../log/logger.js';
import type { ServeConfig } from './node-config.js';

/** What browsers allow for `serverCertificateHashes` (W3C WebTransport, custom certificate requirements). */
const BROWSER_LIFETIME_MS = 14 * 86_400_000;

/** A transport whose certificates can be exchanged. */
export interface ReloadableTls {
  /** @throws {FlotillaError} InvalidConfig where these cannot be used; the former then stay */
  reloadTls(tls: IdentityTexts): void;
}

/** Reads and judges the certificates of a server; undefined where it has none. @throws {FlotillaError} InvalidConfig */
export async function readServerIdentity({ tls, node }: ServeConfig): Promise<ServerIdentity | undefined> {
  if (tls === undefined) return undefined;
  return judgeIdentity(await readIdentityTexts(tls), {
    nowMs: systemRuntime.wallClock(),
    nodeId: node.nodeId,
    addresses: [...node.listen, ...(node.advertise ?? [])],
  });
}

/** The configuration of a node whose certificate names it: it is that node, without having to be told. */
export function withCertifiedId(config: ClusterNodeConfig, identity: ServerIdentity | undefined): ClusterNodeConfig {
  const [nodeId, ...others] = identity?.certificate.nodeIds ?? [];
  if (config.nodeId !== undefined || nodeId === undefined || others.length > 0) return config;
  return { ...config, nodeId };
}

/** Says which of certificate and data folder is the wrong one, where the id came from the certificate. */
export function certifiedIdError(
  error: unknown,
  told: ClusterNodeConfig,
  identity: ServerIdentity | undefined,
): unknown {
  const isFromCertificate = told.nodeId === undefined && (identity?.certificate.nodeIds.length ?? 0) > 0;
  if (!isFromCertificate || !isFlotillaError(error, 'InvalidConfig') || error.details.key !== 'nodeId') return error;
  const reason = `names another node than the data folder: the id ${error.details.reason}`;
  return new FlotillaError('InvalidConfig', {
    message: `tlsCert: ${reason}`,
    details: { key: 'tlsCert', reason },
    cause: error,
  });
}

/**
 * The key by which the cluster is to know this node. A node that is reached without TLS alone cannot show one, and must not be expected to.
 *
 * @returns the SHA-256 of its SubjectPublicKeyInfo, 32 bytes, as an option of the node
 */
export function pinOption(
  { listen, advertise = [] }: ClusterNodeConfig,
  identity: ServerIdentity | undefined,
): { readonly spkiPin?: Uint8Array } {
  const isPlain = [...listen, ...advertise].every((address) => address.startsWith('ws:'));
  if (identity === undefined || isPlain) return {};
  return { spkiPin: Uint8Array.from(Buffer.from(identity.certificate.spkiPin, 'hex')) };
}

/** Keeps the certificates of a running node fresh in all its transports. */
export function keepIdentity(
  {
    files,
    pollMs,
    identity,
  }: { readonly files: IdentityFiles; readonly pollMs: number; readonly identity: ServerIdentity },
  node: ClusterNode,
  transports: readonly ReloadableTls[],
  logger: Logger,
): IdentityKeeper {
  const record = (): NodeRecord => ({
    nodeId: node.nodeId,
    spkiPins: node.topology().nodes.get(node.nodeId)?.spkiPins ?? [],
  });
  const hosts = hostsNotNamed(identity.certificate, node.addresses);
  if (hosts.length > 0) {
    logger.warn('certificate.host_missing', {
      hosts: hosts.join(', '),
      note: 'others refuse this node at wss: addresses with these hosts; add them with "flotilla cert renew --host"',
    });
  }
  const { notBefore, notAfter } = identity.certificate;
  if (node.listening.some((address) => address.startsWith('wt:')) && +notAfter - +notBefore > BROWSER_LIFETIME_MS) {
    logger.warn('certificate.too_long_for_pages', {
      note: 'pages take a certificate by its hash for no more than 14 days; make one with "flotilla cert node --browser"',
    });
  }
  const keeper = new IdentityKeeper({
    runtime: systemRuntime,
    logger,
    identity,
    read: () => readIdentityTexts(files),
    record,
    apply: (tls) => {
      for (const transport of transports) transport.reloadTls(tls);
    },
    pollMs,
    addresses: [...node.listening, ...node.addresses],
  });
  node.watchMetadata(() => keeper.recordChanged());
  keeper.recordChanged();
  return keeper;
}
