import { toHex } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import {
  canonicalAddress,
  type ClusterTopology,
  groupOfVshard,
  METADATA_GROUP,
  type RoutingTable,
} from '@flotilla/routing';
import type { LogEngine, SnapshotMark } from '@flotilla/storage';
import type { Connection } from '@flotilla/transport';
import { decodeSnapshotStreamHeader, FrameKind, frameKind } from '@flotilla/wire';
import { ClusterEntry, type Membership, memberCount } from './bootstrap/cluster-entry.js';
import { noSeeds } from './bootstrap/join-client.js';
import { FORWARD_JOIN, JOIN } from './bootstrap/join-request.js';
import { NodeCatalog, type NodeRecord } from './bootstrap/node-catalog.js';
import { decideStart } from './bootstrap/start-decision.js';
import { type CheckedClusterConfig, checkClusterConfig } from './cluster-config.js';
import { ClusterMember } from './cluster-member.js';
import type { ClusterNodeOptions } from './cluster-node-options.js';
import type { Proposed, ProposalSink, ReadSink } from './group/completion-sink.js';
import type { GroupObserver } from './group/group-observer.js';
import type { GroupStatus, PeerProgress } from './group/group-status.js';
import type { LifecycleState } from './lifecycle/lifecycle-state.js';
import { Lifecycle, type LifecycleListener } from './lifecycle/lifecycle.js';
import { removedFromCluster } from './liveness/hello-judgement.js';
import { PeerLinks } from './liveness/peer-links.js';
import { PeerRequests, type RequestCarrier } from './liveness/peer-requests.js';
import type { HeldGroup } from './membership/group-host.js';
import type { Members } from './membership/members.js';
import { METADATA_PULL } from './membership/membership-requests.js';
import { ClusterEpoch } from './metadata/cluster-epoch.js';
import { ClusterView } from './metadata/cluster-view.js';
import type { MetadataProposed } from './metadata/metadata-proposals.js';
import type { WaitOptions } from './multi-raft/multi-raft.js';
import { Observers } from './multi-raft/observers.js';
import type { NodeGroups } from './node-groups.js';
import type { ClusterEvent } from './observability/cluster-event.js';
import { EventCounts, registerClusterMetrics } from './observability/cluster-metrics.js';
import type { GroupLoad } from './group/group-load.js';
import { MetricsRegistry } from './observability/metrics-registry.js';
import { lifecycleDetail, nodeStatusOf } from './observability/node-report.js';
import type { NodeStatus, ReadinessCheck } from './observability/node-status.js';
import { readinessChecks } from './observability/readiness.js';
import type { StateMachine } from './state-machine.js';

/** Where a group's leader is, as far as this node knows. */
export interface LeaderHint {
  readonly node: number;
  /** Undefined where the leader can only be reached over connections that it opens. */
  readonly address: string | undefined;
}

/** The metadata group's face. */
export interface MetadataFace {
  /**
   * Commits an opaque user command in group 0, through its leader wherever that is, and resolves after it was applied there.
   * Rejects with NotReady, NotLeader, LimitExceeded, or with an unknown outcome (ProposalOutcomeUnknown, Timeout, ConnectionClosed).
   */
  propose(command: Uint8Array, options?: WaitOptions): Promise<MetadataProposed>;
}

/** A member that is not known here is asked for no longer than this (ms). */
const PULL_TIMEOUT_MS = 1_000;
const INCARNATION_BYTES = 8;

/**
 * A node of a cluster: all groups it holds, its place in the cluster, and what others see of it.
 *
 * Methods that need a group refuse with NotReady until the node belongs to a cluster, and with Shutdown after `stop`.
 */
export class ClusterNode implements AsyncDisposable {
  readonly #options: ClusterNodeOptions;
  readonly #config: CheckedClusterConfig;
  readonly #catalog: NodeCatalog;
  readonly #record: NodeRecord;
  readonly #incarnation: string;
  readonly #hostEpoch: number;
  readonly #lifecycle = new Lifecycle();
  readonly #view: ClusterView;
  readonly #epoch: ClusterEpoch;
  readonly #links: PeerLinks;
  readonly #requests: PeerRequests;
  readonly #observers: Observers;
  readonly #events = new EventCounts();
  readonly #metrics = new MetricsRegistry();
  readonly #abort = new AbortController();
  #nodeId: number;
  #clusterId: string | undefined;
  #listening: readonly string[] = [];
  #addresses: readonly string[] = [];
  #logs: readonly LogEngine[] = [];
  #member: ClusterMember | undefined;
  #acceptClient: ((connection: Connection) => void) | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(
    options: ClusterNodeOptions,
    config: CheckedClusterConfig,
    catalog: NodeCatalog,
    record: NodeRecord,
  ) {
    const { runtime } = options;
    this.#options = options;
    this.#observers = new Observers(options.observers ?? []);
    this.#config = config;
    this.#catalog = catalog;
    this.#record = record;
    this.#incarnation = record.incarnation ?? toHex(runtime.randomBytes(INCARNATION_BYTES));
    this.#hostEpoch = record.hostEpoch + 1;
    this.#nodeId = record.nodeId;
    this.#clusterId = record.clusterId;
    this.#view = new ClusterView(record.metadata);
    this.#epoch = new ClusterEpoch({
      initial: Math.max(record.clusterEpoch, record.metadata.epoch),
      save: (epoch) => this.#saveEpoch(epoch),
      onEvent: (event) => this.#tell(event),
    });
    this.#links = this.#newLinks();
    this.#requests = new PeerRequests({
      runtime,
      epoch: this.#epoch,
      carrier: (node) => ({ request: (body, signal) => this.#links.request(node, body, signal) }),
      onEvent: (event) => this.#tell(event),
    });
    for (const kind of [JOIN, FORWARD_JOIN]) this.#requests.handle(kind, () => Promise.reject(this.#notMember()));
    this.#lifecycle.watch((state) =>
      this.#tell({ name: 'lifecycle.changed', phase: state.phase, detail: lifecycleDetail(state) }),
    );
    registerClusterMetrics(this.#metrics, {
      lifecycle: () => this.#lifecycle.state,
      epoch: () => this.#epoch.current(),
      groups: () => this.groupStatuses(),
      links: () => this.#links.report(),
      loops: () => this.#member?.groups.loopMetrics ?? [],
      events: this.#events,
    });
  }

  /**
   * Opens storage and listeners and sets off: a restart from the catalog, the founding of a cluster, or a join. Resolves once the node
   * listens; `whenReady` says when it serves. All that was given is closed by `stop`, or before a rejection.
   *
   * @throws InvalidConfig, AddressInUse, StorageLocked, StorageCorrupt, StorageFailed, IncompatibleVersion; what recovery of the log finds
   * makes the node fail, as `whenReady` says
   */
  static async start(options: ClusterNodeOptions): Promise<ClusterNode> {
    let node: ClusterNode | undefined;
    try {
      const config = checkClusterConfig(options.config, canonicalAddress);
      const catalog = new NodeCatalog(options.catalog);
      const record = await catalog.load();
      checkIdentity(config, record);
      node = new ClusterNode(options, config, catalog, record);
      await node.#open();
    } catch (error) {
      await (node === undefined ? closeGiven(options, []) : node.stop());
      throw error;
    }
    void node.#run();
    return node;
  }

  async #open(): Promise<void> {
    await this.#catalog.saveStart(this.#incarnation, this.#hostEpoch);
    const workers = 1 + Math.max(0, ...this.#record.groups.map(({ worker }) => worker));
    for (let worker = 0; worker < workers; worker++) this.#logs = [...this.#logs, await this.#options.log(worker)];
    const listening: string[] = [];
    for (const address of this.#config.listen) listening.push(await this.#links.listen(address));
    this.#listening = listening;
    this.#addresses = this.#config.advertise ?? listening;
  }

  // The way into a cluster

  async #run(): Promise<void> {
    try {
      const decision = decideStart({
        formatted: this.#clusterId !== undefined,
        seeds: this.#config.seeds,
        own: [...this.#addresses, ...this.#listening],
        forceBootstrap: this.#config.forceBootstrap,
        voter: this.#config.voter,
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
      if (this.#stopping === undefined) this.#lifecycle.fail(toFlotillaError(error));
    }
  }

  async #restart(): Promise<void> {
    this.#lifecycle.to({ phase: 'restarting' });
    if (this.#view.state.topology.nodes.get(this.#nodeId)?.state === 'decommissioned')
      throw removedFromCluster(this.#nodeId);
    await this.#becomeMember(this.#record.groups);
  }

  #entry(): ClusterEntry {
    const { runtime, spkiPin } = this.#options;
    return new ClusterEntry({
      runtime,
      config: this.#config,
      incarnation: this.#incarnation,
      addresses: this.#addresses,
      spkiPins: spkiPin === undefined ? [] : [toHex(spkiPin)],
      workers: this.#logs.length,
      lifecycle: this.#lifecycle,
      links: this.#links,
      requests: this.#requests,
      onEvent: (event) => this.#tell(event),
      signal: this.#abort.signal,
    });
  }

  /** The node belongs to a cluster: one transaction says so before any group has a record. */
  async #enter({ nodeId, metadata, groups }: Membership): Promise<void> {
    const clusterId = metadata.clusterId ?? '';
    const clusterEpoch = Math.max(metadata.epoch, this.#epoch.current());
    await this.#catalog.saveMembership({ clusterId, nodeId, clusterEpoch, groups, metadata });
    this.#nodeId = nodeId;
    this.#clusterId = clusterId;
    this.#epoch.observe(metadata.epoch);
    this.#view.begin(metadata);
    await this.#becomeMember(groups);
  }

  async #becomeMember(held: readonly HeldGroup[]): Promise<void> {
    this.#abort.signal.throwIfAborted();
    const { runtime, snapshots, stateMachine, metadataStateMachine } = this.#options;
    const member = new ClusterMember({
      runtime,
      config: this.#config,
      nodeId: this.#nodeId,
      incarnation: this.#incarnation,
      hostEpoch: this.#hostEpoch,
      addresses: this.#addresses,
      view: this.#view,
      epoch: this.#epoch,
      links: this.#links,
      requests: this.#requests,
      catalog: this.#catalog,
      held,
      logs: this.#logs,
      snapshots,
      stateMachine,
      metadataStateMachine,
      observers: [this.#observers],
      trace: this.#options.trace,
      onEvent: (event) => this.#tell(event),
      ready: () => this.#lifecycle.to({ phase: 'ready', nodes: memberCount(this.#view.state) }),
      failed: (error) => void this.#fail(error),
    });
    this.#member = member;
    await member.start();
  }

  /** The node cannot go on: its groups stop, and what is known of it stays to be seen. */
  async #fail(error: FlotillaError): Promise<void> {
    this.#lifecycle.fail(error);
    await this.#member?.stop();
    await this.#links.close();
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
      directory: (id) => this.#view.state.topology.nodes.get(id),
      identity: () => ({
        clusterId: this.#clusterId,
        nodeId: this.#nodeId,
        incarnation: this.#incarnation,
        clusterEpoch: this.#epoch.current(),
        hostEpoch: this.#hostEpoch,
        addresses: this.#addresses,
      }),
      serve: (from, body, signal) => this.#requests.serve(from, body, signal),
      control: (node, frame) => this.#control(node, frame),
      stranger: (request) => this.#learnFrom(request),
      client: (connection) => this.#client(connection),
      epochSeen: (epoch) => this.#epoch.observe(epoch),
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
      this.#links.breakLink(node, toFlotillaError(error));
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
    if (state.clusterId === this.#clusterId) this.#view.offer(state);
  }

  #client(connection: Connection): void {
    if (this.#acceptClient !== undefined) this.#acceptClient(connection);
    else connection.destroy(this.#notMember());
  }

  #tell(event: ClusterEvent): void {
    this.#events.count(event);
    this.#options.onEvent?.(event);
  }

  // Who this node is

  /** 0 until the node has an id. */
  get nodeId(): number {
    return this.#nodeId;
  }

  /** 32 hexadecimal digits; undefined until the node belongs to a cluster. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** 16 hexadecimal digits: minted when the data folder was formatted. */
  get incarnation(): string {
    return this.#incarnation;
  }

  /** What this node advertises, canonical, ports resolved. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** What this node listens on, canonical, ports resolved. */
  get listening(): readonly string[] {
    return this.#listening;
  }

  /** The cluster epoch: the highest seen. */
  get epoch(): number {
    return this.#epoch.current();
  }

  /** Where the node stands between its start and its end. */
  get lifecycle(): LifecycleState {
    return this.#lifecycle.state;
  }

  /** Tells of every transition until the returned function is called. */
  watchLifecycle(listener: LifecycleListener): () => void {
    return this.#lifecycle.watch(listener);
  }

  /** Resolves once the node is ready. Rejects with what made it fail, Shutdown, or Aborted. */
  whenReady(signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.whenReady(signal);
  }

  // What it knows of the cluster

  /** Nodes of the cluster as group 0 has them; without nodes until this node belongs to one. Immutable. */
  topology(): ClusterTopology {
    return this.#view.state.topology;
  }

  /** vShards and groups as group 0 has them. Immutable. */
  routing(): RoutingTable {
    return this.#view.state.routing;
  }

  /** Calls back after topology, routing or placement changed here, until the returned function is called. */
  watchMetadata(listener: () => void): () => void {
    return this.#view.watch(listener);
  }

  /** The leader of any group of the cluster: live state where this node holds the group, else what others last said. */
  leaderHint(group: number): LeaderHint | undefined {
    const node = this.#member?.leaderOf(group);
    return node === undefined ? undefined : { node, address: this.#member?.addressOf(node) };
  }

  /** The leader of the group that holds the vShard, from the live state of the group on this node. */
  leaderForVshard(vshard: number): number | undefined {
    const group = groupOfVshard(this.routing(), vshard);
    const groups = this.#member?.groups;
    return group === undefined || groups?.hasGroup(group) !== true ? undefined : groups.status(group).leader;
  }

  // Groups

  /** Groups held. */
  get groupCount(): number {
    return this.#member?.groups.groupCount ?? 0;
  }

  /** @throws GroupNotFound, NotReady, Shutdown */
  groupStatus(group: number): GroupStatus {
    return this.#groups().status(group);
  }

  /** Of all groups held, by id; none before the node belongs to a cluster. */
  groupStatuses(): readonly GroupStatus[] {
    return this.#member?.groups.statuses() ?? [];
  }

  /** What waits in each group held, and what of its log is in memory; none before the node belongs to a cluster. */
  groupLoads(): readonly GroupLoad[] {
    return this.#member?.groups.loads() ?? [];
  }

  /** The highest index that `peer` is known to hold durably; undefined where this node does not lead the group or has no such peer. */
  matchIndex(group: number, peer: number): number | undefined {
    return this.#groups().matchIndex(group, peer);
  }

  /** Progress of all peers of a led group by id; undefined where this node does not lead it. */
  progress(group: number): ReadonlyMap<number, PeerProgress> | undefined {
    return this.#groups().progress(group);
  }

  /** The newest durable snapshot of the group on this node. */
  snapshotMetadata(group: number): SnapshotMark | undefined {
    return this.#groups().snapshotMetadata(group);
  }

  /**
   * Takes a snapshot of the group's state on this node now, whatever the compaction policy says; resolves with its mark when it is durable.
   * Rejects with GroupNotFound, GroupStopped, StorageFailed, NotReady or Shutdown.
   */
  async snapshotNow(group: number): Promise<SnapshotMark> {
    return this.#groups().snapshotNow(group);
  }

  /** Proposes a command to a data group; its outcome goes to `sink`, also when it is refused, which may be within the call. */
  submit(group: number, command: Uint8Array, sink: ProposalSink, slot: number): void {
    const refusal = group === METADATA_GROUP ? notForMetadata() : this.#refusal();
    if (refusal === undefined) this.#groups().submit(group, command, sink, slot);
    else sink.failed(slot, refusal);
  }

  /** Asks for a linearizable read of a group, on its leader or a follower; its outcome goes to `sink`. */
  submitRead(group: number, sink: ReadSink, slot: number): void {
    const refusal = this.#refusal();
    if (refusal === undefined) this.#groups().submitRead(group, sink, slot);
    else sink.failed(slot, refusal);
  }

  /**
   * Proposes a command to a data group held here and resolves after it was applied on this node. Group 0 takes `metadata.propose` only.
   *
   * Rejects with GroupNotFound, NotLeader, Overloaded, LimitExceeded, ProposalDropped, NotReady (definite), or with an unknown outcome.
   */
  async proposeToGroup(group: number, command: Uint8Array, options?: WaitOptions): Promise<Proposed> {
    if (group === METADATA_GROUP) throw notForMetadata();
    return this.#groups().proposeToGroup(group, command, options);
  }

  /** The same for the group that holds the vShard. Rejects with VShardNotMapped too. */
  async proposeToVshard(vshard: number, command: Uint8Array, options?: WaitOptions): Promise<Proposed> {
    const group = groupOfVshard(this.routing(), vshard);
    if (group !== undefined) return this.proposeToGroup(group, command, options);
    throw new FlotillaError('VShardNotMapped', {
      message: `vShard ${vshard} belongs to no group that this node knows of`,
      details: { vshard },
    });
  }

  /** Resolves with the read index once this node has applied it: what its state machine then shows is linearizable. */
  async readIndex(group: number, options?: WaitOptions): Promise<number> {
    return this.#groups().readIndex(group, options);
  }

  /** Resolves when `index` is applied on this node (`reached`), or the group was dropped (`gone`). */
  async waitApplied(group: number, index: number, options?: WaitOptions): Promise<'reached' | 'gone'> {
    return this.#groups().waitApplied(group, index, options);
  }

  /** The state machine of a data group on this node, for reads. @throws GroupNotFound, NotReady */
  stateMachine(group: number): StateMachine {
    return this.#groups().stateMachine(group);
  }

  /** Tells of what happens in groups, until the returned function is called; also of groups that are opened later. */
  observe(observer: GroupObserver): () => void {
    return this.#observers.add(observer);
  }

  // The cluster

  /** Commands of group 0. */
  get metadata(): MetadataFace {
    return {
      propose: async (command, options) => {
        const { index, term, value } = await this.#need().proposals.propose({ kind: 'user', command }, options);
        return { index, term, result: value };
      },
    };
  }

  /** Nodes and replicas: list, add, remove, replace. Through group 0's leader, wherever that is. */
  get members(): Members {
    return this.#need().members;
  }

  /** Hands the leadership of a group to one of its voters, through its present leader; resolves when it leads. */
  async transfer(group: number, to: number, options: WaitOptions = {}): Promise<void> {
    return this.#need().transfer(group, to, options);
  }

  /** Hands over client connections in the turn in which they were accepted, not yet attached. Without it they are refused. */
  serveClients(accept: (connection: Connection) => void): void {
    this.#acceptClient = accept;
  }

  // Observation

  /** All that this node knows of itself; works without any leader. */
  status(): NodeStatus {
    return nodeStatusOf({
      id: this.#nodeId,
      name: this.#config.nodeName ?? '',
      incarnation: this.#incarnation,
      clusterId: this.#clusterId,
      addresses: this.#addresses,
      lifecycle: this.#lifecycle.state,
      epoch: this.#epoch.current(),
      hostEpoch: this.#hostEpoch,
      metadata: this.#view.state,
      groups: this.groupStatuses(),
      links: this.#links.report(),
    });
  }

  /** Named checks; the node is ready to serve when all are ok. */
  readiness(): readonly ReadinessCheck[] {
    return readinessChecks({
      lifecycle: this.#lifecycle.state,
      failure: (this.#member?.groups.failure ?? this.#member?.groups.noRoom)?.message,
      metadataIndex: this.#view.state.index,
      groups: this.groupStatuses(),
    });
  }

  /** Numbers by name, read when iterated. */
  get metrics(): MetricsRegistry {
    return this.#metrics;
  }

  /** Stops loops, links and listeners, then closes engines, catalog and transports. What waits fails with Shutdown. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#lifecycle.to({ phase: 'stopping' });
    this.#abort.abort(shutdown());
    await this.#member?.stop();
    await this.#links.close();
    await this.#catalog.settled();
    await closeGiven(this.#options, this.#logs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #need(): ClusterMember {
    const refusal = this.#refusal();
    if (refusal !== undefined || this.#member === undefined) throw refusal ?? this.#notMember();
    return this.#member;
  }

  #groups(): NodeGroups {
    return this.#need().groups;
  }

  #refusal(): FlotillaError | undefined {
    if (this.#stopping !== undefined) return shutdown();
    return this.#member === undefined ? this.#notMember() : undefined;
  }

  #notMember(): FlotillaError {
    const { phase } = this.#lifecycle.state;
    const reason = `this node does not serve yet: it is ${phase}`;
    return new FlotillaError('NotReady', { message: reason, details: { reason } });
  }
}

function checkIdentity({ nodeId, forceBootstrap, seeds }: CheckedClusterConfig, record: NodeRecord): void {
  if (nodeId !== undefined && record.nodeId !== 0 && nodeId !== record.nodeId) {
    const reason = `is ${nodeId}, and the data folder belongs to node ${record.nodeId}`;
    throw new FlotillaError('InvalidConfig', { message: `nodeId ${reason}`, details: { key: 'nodeId', reason } });
  }
  if (forceBootstrap && seeds.length === 0 && record.clusterId === undefined) {
    const reason = 'needs the own address among the seeds';
    throw new FlotillaError('InvalidConfig', {
      message: `forceBootstrap ${reason}`,
      details: { key: 'forceBootstrap', reason },
    });
  }
}

/** Closes all that was given, whatever of it fails; the first failure is reported. */
async function closeGiven(options: ClusterNodeOptions, logs: readonly LogEngine[]): Promise<void> {
  const closing = [...logs, options.snapshots, options.catalog, ...options.transports].map((each) => each.close());
  const failed = (await Promise.allSettled(closing)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function notForMetadata(): FlotillaError {
  const reason = 'group 0 takes commands through metadata.propose only';
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'group', reason } });
}

function shutdown(): FlotillaError {
  return new FlotillaError('Shutdown', { message: 'the node stops', details: {} });
}
