import { toHex } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import type { LogEngine } from '@flotilla/storage';
import type { Connection } from '@flotilla/transport';
import { decodeSnapshotStreamHeader, FrameKind, frameKind } from '@flotilla/wire';
import { ClusterEntry, type Membership, memberCount } from './bootstrap/cluster-entry.js';
import { noSeeds } from './bootstrap/join-client.js';
import { FORWARD_JOIN, JOIN } from './bootstrap/join-request.js';
import type { NodeCatalog, NodeRecord } from './bootstrap/node-catalog.js';
import { decideStart } from './bootstrap/start-decision.js';
import type { CheckedClusterConfig } from './cluster-config.js';
import { ClusterMember } from './cluster-member.js';
import type { ClusterNodeOptions } from './cluster-node-options.js';
import { Lifecycle } from './lifecycle/lifecycle.js';
import { removedFromCluster } from './liveness/hello-judgement.js';
import { PeerLinks } from './liveness/peer-links.js';
import { PeerRequests, type RequestCarrier } from './liveness/peer-requests.js';
import type { HeldGroup } from './membership/group-host.js';
import { METADATA_PULL } from './membership/membership-requests.js';
import { ClusterEpoch } from './metadata/cluster-epoch.js';
import { ClusterView } from './metadata/cluster-view.js';
import { Observers } from './multi-raft/observers.js';
import type { ClusterEvent } from './observability/cluster-event.js';
import { EventCounts } from './observability/cluster-metrics.js';
import { lifecycleDetail } from './observability/node-report.js';

/** A member that is not known here is asked for no longer than this (ms). */
const PULL_TIMEOUT_MS = 1_000;
const INCARNATION_BYTES = 8;

/** The life of a node: from what its disk says into a cluster, where it is a member, and to its end. */
export class NodeLife {
  readonly #options: ClusterNodeOptions;
  readonly config: CheckedClusterConfig;
  readonly #catalog: NodeCatalog;
  readonly #record: NodeRecord;
  readonly incarnation: string;
  readonly hostEpoch: number;
  readonly lifecycle: Lifecycle = new Lifecycle();
  readonly view: ClusterView;
  readonly epoch: ClusterEpoch;
  readonly links: PeerLinks;
  readonly #requests: PeerRequests;
  readonly observers: Observers;
  readonly events: EventCounts = new EventCounts();
  readonly #abort = new AbortController();
  #nodeId: number;
  #clusterId: string | undefined;
  #listening: readonly string[] = [];
  #addresses: readonly string[] = [];
  #logs: readonly LogEngine[] = [];
  #member: ClusterMember | undefined;
  #acceptClient: ((connection: Connection) => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: ClusterNodeOptions, config: CheckedClusterConfig, catalog: NodeCatalog, record: NodeRecord) {
    const { runtime } = options;
    this.#options = options;
    this.observers = new Observers(options.observers ?? []);
    this.config = config;
    this.#catalog = catalog;
    this.#record = record;
    this.incarnation = record.incarnation ?? toHex(runtime.randomBytes(INCARNATION_BYTES));
    this.hostEpoch = record.hostEpoch + 1;
    this.#nodeId = record.nodeId;
    this.#clusterId = record.clusterId;
    this.view = new ClusterView(record.metadata);
    this.epoch = new ClusterEpoch({
      initial: Math.max(record.clusterEpoch, record.metadata.epoch),
      save: (epoch) => this.#saveEpoch(epoch),
      onEvent: (event) => this.#tell(event),
    });
    this.links = this.#newLinks();
    this.#requests = new PeerRequests({
      runtime,
      epoch: this.epoch,
      carrier: (node) => ({ request: (body, signal) => this.links.request(node, body, signal) }),
      onEvent: (event) => this.#tell(event),
    });
    for (const kind of [JOIN, FORWARD_JOIN]) this.#requests.handle(kind, () => Promise.reject(this.#notMember()));
    this.lifecycle.watch((state) =>
      this.#tell({ name: 'lifecycle.changed', phase: state.phase, detail: lifecycleDetail(state) }),
    );
  }

  /** 0 until the node has an id. */
  get nodeId(): number {
    return this.#nodeId;
  }

  /** Undefined until the node belongs to a cluster. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** What it listens on, canonical, ports resolved. */
  get listening(): readonly string[] {
    return this.#listening;
  }

  /** What it advertises. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Undefined until the node belongs to a cluster. */
  get member(): ClusterMember | undefined {
    return this.#member;
  }

  /** Hands client connections over from now on; without it they are refused. */
  serveClients(accept: (connection: Connection) => void): void {
    this.#acceptClient = accept;
  }

  /** Opens storage and listeners. @throws AddressInUse, StorageFailed, InvalidConfig */
  async open(): Promise<void> {
    await this.#catalog.saveStart(this.incarnation, this.hostEpoch);
    const workers = 1 + Math.max(0, ...this.#record.groups.map(({ worker }) => worker));
    for (let worker = 0; worker < workers; worker++) this.#logs = [...this.#logs, await this.#options.log(worker)];
    const listening: string[] = [];
    for (const address of this.config.listen) listening.push(await this.links.listen(address));
    this.#listening = listening;
    this.#addresses = this.config.advertise ?? listening;
  }

  // The way into a cluster

  /** A restart from the catalog, the founding of a cluster, or a join. Never rejects: what goes wrong is the node's failure. */
  async run(): Promise<void> {
    try {
      const decision = decideStart({
        formatted: this.#clusterId !== undefined,
        seeds: this.config.seeds,
        own: [...this.#addresses, ...this.#listening],
        forceBootstrap: this.config.forceBootstrap,
        voter: this.config.voter,
      });
      switch (decision.kind) {
        case 'restart':
          return await this.#restart();
        case 'bootstrap':
          return await this.#enter(await this.#entry().found());
        case 'join':
          return await this.#enter(await this.#entry().join(decision.seeds));
        case 'no-seeds':
          throw noSeeds();
      }
    } catch (error) {
      if (this.#stopping === undefined) this.lifecycle.fail(toFlotillaError(error));
    }
  }

  async #restart(): Promise<void> {
    this.lifecycle.to({ phase: 'restarting' });
    if (this.view.state.topology.nodes.get(this.#nodeId)?.state === 'decommissioned')
      throw removedFromCluster(this.#nodeId);
    await this.#becomeMember(this.#record.groups);
  }

  #entry(): ClusterEntry {
    const { runtime, spkiPin } = this.#options;
    return new ClusterEntry({
      runtime,
      config: this.config,
      incarnation: this.incarnation,
      addresses: this.#addresses,
      spkiPins: spkiPin === undefined ? [] : [toHex(spkiPin)],
      workers: this.#logs.length,
      lifecycle: this.lifecycle,
      links: this.links,
      requests: this.#requests,
      onEvent: (event) => this.#tell(event),
      signal: this.#abort.signal,
    });
  }

  /** The node belongs to a cluster: one transaction says so before any group has a record. */
  async #enter({ nodeId, metadata, groups }: Membership): Promise<void> {
    const clusterId = metadata.clusterId ?? '';
    const clusterEpoch = Math.max(metadata.epoch, this.epoch.current());
    await this.#catalog.saveMembership({ clusterId, nodeId, clusterEpoch, groups, metadata });
    this.#nodeId = nodeId;
    this.#clusterId = clusterId;
    this.epoch.observe(metadata.epoch);
    this.view.begin(metadata);
    await this.#becomeMember(groups);
  }

  async #becomeMember(held: readonly HeldGroup[]): Promise<void> {
    this.#abort.signal.throwIfAborted();
    const { runtime, snapshots, stateMachine, metadataStateMachine } = this.#options;
    const member = new ClusterMember({
      runtime,
      config: this.config,
      nodeId: this.#nodeId,
      incarnation: this.incarnation,
      hostEpoch: this.hostEpoch,
      addresses: this.#addresses,
      view: this.view,
      epoch: this.epoch,
      links: this.links,
      requests: this.#requests,
      catalog: this.#catalog,
      held,
      logs: this.#logs,
      snapshots,
      stateMachine,
      metadataStateMachine,
      observers: [this.observers],
      trace: this.#options.trace,
      onEvent: (event) => this.#tell(event),
      ready: () => this.lifecycle.to({ phase: 'ready', nodes: memberCount(this.view.state) }),
      failed: (error) => void this.#fail(error),
    });
    this.#member = member;
    await member.start();
  }

  /** The node cannot go on: its groups stop, and what is known of it stays to be seen. */
  async #fail(error: FlotillaError): Promise<void> {
    this.lifecycle.fail(error);
    // What cannot be ended in good order is told by `stop`.
    await Promise.allSettled([this.#member?.stop()]);
    await Promise.allSettled([this.links.close()]);
  }

  async #saveEpoch(epoch: number): Promise<void> {
    try {
      await this.#catalog.saveClusterEpoch(epoch);
    } catch (error) {
      if (isFlotillaError(error, 'StorageFailed') && this.#stopping === undefined) void this.#fail(error);
      throw error;
    }
  }

  // Links

  #newLinks(): PeerLinks {
    return new PeerLinks({
      runtime: this.#options.runtime,
      transports: this.#options.transports,
      directory: (id) => this.view.state.topology.nodes.get(id),
      identity: () => ({
        clusterId: this.#clusterId,
        nodeId: this.#nodeId,
        incarnation: this.incarnation,
        clusterEpoch: this.epoch.current(),
        hostEpoch: this.hostEpoch,
        addresses: this.#addresses,
      }),
      serve: (from, body, signal) => this.#requests.serve(from, body, signal),
      control: (node, frame) => this.#control(node, frame),
      stranger: (request) => this.#learnFrom(request),
      client: (connection) => this.#client(connection),
      epochSeen: (epoch) => this.epoch.observe(epoch),
      connected: (node, hostEpoch) => this.#member?.peerConnected(node, hostEpoch),
      reconnected: (node) => this.#member?.peerReconnected(node),
      broken: (node, why) => this.#member?.peerBroken(node, why),
      unreachable: (node) => this.#member?.liveness.unreachable(node),
      heard: (node) => this.#member?.liveness.heard(node),
      disowned: (error) => void this.#fail(error),
      workerOf: (header) => this.#workerOf(header),
      onEvent: (event) => this.#tell(event),
    });
  }

  #workerOf(header: Uint8Array): number {
    if (this.#logs.length === 1) return 0;
    return this.#member?.groups.workerOf(decodeSnapshotStreamHeader(header).group) ?? 0;
  }

  #control(node: number, frame: Uint8Array): void {
    try {
      if (frameKind(frame) === FrameKind.HostHeartbeat) this.#member?.liveness.frame(node, frame);
    } catch (error) {
      this.links.breakLink(node, toFlotillaError(error));
    }
  }

  /** A member that is not known here knows more of the cluster. */
  async #learnFrom(request: RequestCarrier['request']): Promise<void> {
    const wait = { timeoutMs: PULL_TIMEOUT_MS, signal: this.#abort.signal };
    const state = await this.#requests.ask(
      { request },
      'a node that is not known here',
      METADATA_PULL,
      undefined,
      wait,
    );
    if (state.clusterId === this.#clusterId) this.view.offer(state);
  }

  #client(connection: Connection): void {
    if (this.#acceptClient !== undefined) this.#acceptClient(connection);
    else connection.destroy(this.#notMember());
  }

  #tell(event: ClusterEvent): void {
    this.events.count(event);
    this.#options.onEvent?.(event);
  }

  // The end

  /** Stops loops, links and listeners, then closes engines, catalog and transports. What waits fails with Shutdown. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.lifecycle.to({ phase: 'stopping' });
    this.#abort.abort(shutdown());
    await inTurn([
      async () => this.#member?.stop(),
      () => this.links.close(),
      () => this.#catalog.settled(),
      () => closeGiven(this.#options, this.#logs),
    ]);
  }

  /** The node as member. @throws NotReady, Shutdown */
  requireMember(): ClusterMember {
    const refusal = this.refusal();
    if (refusal !== undefined || this.#member === undefined) throw refusal ?? this.#notMember();
    return this.#member;
  }

  /** Why nothing can be asked of the node's groups; undefined while it is a member. */
  refusal(): FlotillaError | undefined {
    if (this.#stopping !== undefined) return shutdown();
    return this.#member === undefined ? this.#notMember() : undefined;
  }

  #notMember(): FlotillaError {
    const { phase } = this.lifecycle.state;
    const reason = `this node does not serve yet: it is ${phase}`;
    return new FlotillaError('NotReady', { message: reason, details: { reason } });
  }
}

/** Does one after the other, whatever of it fails; the first failure is reported. */
async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  let failed: { readonly reason: unknown } | undefined;
  for (const step of steps) {
    try {
      await step();
    } catch (reason) {
      failed ??= { reason };
    }
  }
  if (failed !== undefined) throw failed.reason;
}

/** Closes all that was given, whatever of it fails; the first failure is reported. */
export async function closeGiven(options: ClusterNodeOptions, logs: readonly LogEngine[]): Promise<void> {
  const closing = [...logs, options.snapshots, options.catalog, ...options.transports].map((each) => each.close());
  const failed = (await Promise.allSettled(closing)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function shutdown(): FlotillaError {
  return new FlotillaError('Shutdown', { message: 'the node stops', details: {} });
}
