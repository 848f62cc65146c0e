import { checkClusterConfig, type ClusterEvent, ClusterNode, SessionStateMachine } from '@flotilla/cluster';
import { type FlotillaError, toFlotillaError } from '@flotilla/errors';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint } from '@flotilla/kv/endpoint';
import { canonicalAddress } from '@flotilla/routing';
import { systemRuntime } from '@flotilla/runtime/system';
import { openNodeStorage } from '@flotilla/storage-node';
import { CertificateProofVerifier } from '../certificates/proof-verifier.js';
import { denoHere } from '../deno/deno.js';
import { requireServePermissions } from '../deno/serve-permissions.js';
import { type HttpEndpoint, isLoopbackUrl, parseHttpAddress, startHttp } from '../http/http-server.js';
import { createLogger, type Logger } from '../log/logger.js';
import { logTransportEvent } from '../log/transport-events.js';
import type { HostStatus, ServerStatus } from './host-status.js';
import type { ServeConfig } from './node-config.js';
import { checkListenAddresses } from './listen-addresses.js';
import { certifiedIdError, keepIdentity, pinOption, readServerIdentity, withCertifiedId } from './tls.js';
import { requireCertificates, transportsOf } from './transports.js';
import { VERSION } from './version.js';

/** A running server. */
export interface Server {
  readonly status: () => ServerStatus;
  /** Resolves once the node serves; rejects with what made it fail. */
  ready(signal?: AbortSignal): Promise<void>;
  /** Settles when the node fails by itself, with why. */
  readonly failed: Promise<FlotillaError>;
  /** Looks for renewed certificates now; without TLS there are none. Never rejects. */
  reloadCertificates(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a server: data folder, transport, node, key-value endpoint, HTTP. What was opened is closed again when a later step fails.
 *
 * @throws {FlotillaError} StorageLocked, StorageCorrupt, StorageFailed, InvalidConfig, AddressInUse, IncompatibleVersion
 */
export async function startServer(config: ServeConfig, write: (line: string) => void): Promise<Server> {
  const started = systemRuntime.now();
  const logger = createLogger({
    level: config.logLevel,
    format: config.logFormat,
    write,
    wallClock: () => systemRuntime.wallClock(),
  });
  // What can be judged is judged before the data folder is touched.
  parseHttpAddress(config.http);
  checkClusterConfig(config.node, canonicalAddress);
  checkListenAddresses(config);
  requireCertificates('seeds', config.node.seeds ?? [], config.tls);
  const deno = denoHere();
  if (deno !== undefined) requireServePermissions(config, deno);
  const identity = await readServerIdentity(config);
  await using stack = new AsyncDisposableStack();
  if (!isLoopbackUrl(config.http))
    logger.warn('http.not_loopback', {
      address: config.http,
      note: 'anybody who can reach it can read status and metrics',
    });
  const { advertise, listen } = config.node;
  const proofs =
    identity === undefined
      ? undefined
      : new CertificateProofVerifier({
          tls: identity.tls,
          addresses: () => advertise ?? listen,
          wallClock: () => systemRuntime.wallClock(),
        });
  const transports = transportsOf({
    tls: identity?.tls,
    proofs,
    listenPages: config.listenPages,
    allowPlain: config.allowPlain,
    allowedOrigins: config.allowedOrigins,
    observe: (event) => logTransportEvent(logger, event),
    warn: (text) => logger.warn('transport.insecure', { note: text }),
  });
  for (const transport of transports) stack.use(transport);
  const storage = stack.use(await openNodeStorage({ folder: config.dataFolder, runtime: systemRuntime }));
  const groups = new KvGroups((machine) => new SessionStateMachine(machine));
  const node = stack.use(
    await ClusterNode.start({
      config: withCertifiedId(config.node, identity),
      transports,
      ...pinOption(config.node, identity),
      log: (worker) => storage.log(worker),
      snapshots: storage.snapshots,
      catalog: storage.catalog,
      runtime: systemRuntime,
      stateMachine: (group) => groups.stateMachine(group),
      onEvent: (event) => logEvent(logger, event),
    }).catch((error: unknown) => {
      throw certifiedIdError(error, config.node, identity);
    }),
  );
  const keeper =
    identity === undefined || config.tls === undefined
      ? undefined
      : stack.use(
          keepIdentity(
            { files: config.tls, pollMs: config.tlsReloadMs, identity },
            node,
            [...transports, ...(proofs === undefined ? [] : [proofs])],
            logger,
          ),
        );
  const http: { endpoint: HttpEndpoint | undefined } = { endpoint: undefined };
  const hostStatus = (): Readonly<Record<string, unknown>> & HostStatus => ({
    pid: process.pid,
    version: VERSION,
    http: http.endpoint?.address ?? config.http,
    dataFolder: config.dataFolder,
    uptimeMs: Math.round(systemRuntime.now() - started),
    certificate: keeper?.status() ?? null,
  });
  const status = (): ServerStatus => ({ ...node.status(), ...hostStatus() });
  stack.use(new KvEndpoint({ node, groups, runtime: systemRuntime, hostStatus: () => hostStatus() }));
  const endpoint = await startHttp(config.http, {
    livenessProblem: () =>
      node.lifecycle.phase === 'failed' ? `the node failed: ${node.lifecycle.reason}` : undefined,
    readiness: () => node.readiness(),
    status,
    metrics: () => [...node.metrics, ...(keeper?.metrics() ?? [])],
  });
  http.endpoint = endpoint;
  stack.defer(async () => await endpoint.close());
  logger.info('server.started', {
    version: VERSION,
    pid: process.pid,
    listen: node.listening,
    http: endpoint.address,
    dataFolder: config.dataFolder,
  });
  const kept = stack.move();
  return {
    status,
    ready: (signal) => node.whenReady(signal),
    failed: failureOf(node),
    reloadCertificates: async () => await keeper?.reload(),
    stop: async () => {
      logger.info('server.stopping');
      await kept.disposeAsync();
      logger.info('server.stopped');
    },
  };
}

/** Events that a person should look at. */
const LOUD: ReadonlySet<string> = new Set<ClusterEvent['name']>([
  'group.stopped',
  'catalog.save_failed',
  'snapshot.failed',
  'peer.refused',
  'join.attempt_failed',
  'epoch.persist_failed',
  'storage.full',
]);

function logEvent(logger: Logger, { name, ...fields }: ClusterEvent): void {
  if (LOUD.has(name)) logger.warn(name, fields);
  else logger.info(name, fields);
}

function failureOf(node: ClusterNode): Promise<FlotillaError> {
  return new Promise((resolve) => {
    const look = (): void => {
      // The lifecycle keeps the error itself for those who wait for readiness.
      if (node.lifecycle.phase === 'failed')
        node.whenReady().catch((error: unknown) => resolve(toFlotillaError(error)));
    };
    node.watchLifecycle(look);
    look();
  });
}
