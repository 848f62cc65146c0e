import { FlotillaError } from '@flotilla/errors';
import {
  canonicalAddress,
  type ClusterTopology,
  groupOfVshard,
  METADATA_GROUP,
  type RoutingTable,
} from '@flotilla/routing';
import type { SnapshotMark } from '@flotilla/storage';
import type { Connection } from '@flotilla/transport';
import { NodeCatalog, type NodeRecord } from './bootstrap/node-catalog.js';
import { type CheckedClusterConfig, checkClusterConfig } from './cluster-config.js';
import type { ClusterNodeOptions } from './cluster-node-options.js';
import type { Proposed, ProposalSink, ReadSink } from './group/completion-sink.js';
import type { GroupObserver } from './group/group-observer.js';
import type { GroupStatus, PeerProgress } from './group/group-status.js';
import type { LifecycleState } from './lifecycle/lifecycle-state.js';
import type { LifecycleListener } from './lifecycle/lifecycle.js';
import type { Members } from './membership/members.js';
import type { MetadataProposed } from './metadata/metadata-proposals.js';
import type { WaitOptions } from './multi-raft/multi-raft.js';
import type { NodeGroups } from './node-groups.js';
import { closeGiven, NodeLife } from './node-life.js';
import { registerClusterMetrics } from './observability/cluster-metrics.js';
import type { GroupLoad } from './group/group-load.js';
import { MetricsRegistry } from './observability/metrics-registry.js';
import { nodeStatusOf } from './observability/node-report.js';
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

/**
 * A node of a cluster: all groups it holds, its place in the cluster, and what others see of it.
 *
 * Methods that need a group refuse with NotReady until the node belongs to a cluster, and with Shutdown after `stop`.
 */
export class ClusterNode implements AsyncDisposable {
  readonly #life: NodeLife;
  readonly #metrics = new MetricsRegistry();

  private constructor(life: NodeLife) {
    this.#life = life;
    registerClusterMetrics(this.#metrics, {
      lifecycle: () => life.lifecycle.state,
      epoch: () => life.epoch.current(),
      groups: () => this.groupStatuses(),
      links: () => life.links.report(),
      loops: () => life.member?.groups.loopMetrics ?? [],
      events: life.events,
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
    let life: NodeLife | undefined;
    try {
      const config = checkClusterConfig(options.config, canonicalAddress);
      const catalog = new NodeCatalog(options.catalog);
      const record = await catalog.load();
      checkIdentity(config, record);
      life = new NodeLife(options, config, catalog, record);
      await life.open();
    } catch (error) {
      // Why it does not start is told, and not what could not be closed after that.
      await Promise.allSettled([life === undefined ? closeGiven(options, []) : life.stop()]);
      throw error;
    }
    void life.run();
    return new ClusterNode(life);
  }

  // Who this node is

  /** 0 until the node has an id. */
  get nodeId(): number {
    return this.#life.nodeId;
  }

  /** 32 hexadecimal digits; undefined until the node belongs to a cluster. */
  get clusterId(): string | undefined {
    return this.#life.clusterId;
  }

  /** 16 hexadecimal digits: minted when the data folder was formatted. */
  get incarnation(): string {
    return this.#life.incarnation;
  }

  /** What this node advertises, canonical, ports resolved. */
  get addresses(): readonly string[] {
    return this.#life.addresses;
  }

  /** What this node listens on, canonical, ports resolved. */
  get listening(): readonly string[] {
    return this.#life.listening;
  }

  /** The cluster epoch: the highest seen. */
  get epoch(): number {
    return this.#life.epoch.current();
  }

  /** Where the node stands between its start and its end. */
  get lifecycle(): LifecycleState {
    return this.#life.lifecycle.state;
  }

  /** Tells of every transition until the returned function is called. */
  watchLifecycle(listener: LifecycleListener): () => void {
    return this.#life.lifecycle.watch(listener);
  }

  /** Resolves once the node is ready. Rejects with what made it fail, Shutdown, or Aborted. */
  whenReady(signal?: AbortSignal): Promise<void> {
    return this.#life.lifecycle.whenReady(signal);
  }

  // What it knows of the cluster

  /** Nodes of the cluster as group 0 has them; without nodes until this node belongs to one. Immutable. */
  topology(): ClusterTopology {
    return this.#life.view.state.topology;
  }

  /** vShards and groups as group 0 has them. Immutable. */
  routing(): RoutingTable {
    return this.#life.view.state.routing;
  }

  /** Calls back after topology, routing or placement changed here, until the returned function is called. */
  watchMetadata(listener: () => void): () => void {
    return this.#life.view.watch(listener);
  }

  /** The leader of any group of the cluster: live state where this node holds the group, else what others last said. */
  leaderHint(group: number): LeaderHint | undefined {
    const node = this.#life.member?.leaderOf(group);
    return node === undefined ? undefined : { node, address: this.#life.member?.addressOf(node) };
  }

  /** The leader of the group that holds the vShard, from the live state of the group on this node. */
  leaderForVshard(vshard: number): number | undefined {
    const group = groupOfVshard(this.routing(), vshard);
    const groups = this.#life.member?.groups;
    return group === undefined || groups?.hasGroup(group) !== true ? undefined : groups.status(group).leader;
  }

  // Groups

  /** Groups held. */
  get groupCount(): number {
    return this.#life.member?.groups.groupCount ?? 0;
  }

  /** @throws GroupNotFound, NotReady, Shutdown */
  groupStatus(group: number): GroupStatus {
    return this.#groups().status(group);
  }

  /** Of all groups held, by id; none before the node belongs to a cluster. */
  groupStatuses(): readonly GroupStatus[] {
    return this.#life.member?.groups.statuses() ?? [];
  }

  /** What waits in each group held, and what of its log is in memory; none before the node belongs to a cluster. */
  groupLoads(): readonly GroupLoad[] {
    return this.#life.member?.groups.loads() ?? [];
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
    const refusal = group === METADATA_GROUP ? notForMetadata() : this.#life.refusal();
    if (refusal === undefined) this.#groups().submit(group, command, sink, slot);
    else sink.failed(slot, refusal);
  }

  /** Asks for a linearizable read of a group, on its leader or a follower; its outcome goes to `sink`. */
  submitRead(group: number, sink: ReadSink, slot: number): void {
    const refusal = this.#life.refusal();
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
    return this.#life.observers.add(observer);
  }

  // The cluster

  /** Commands of group 0. */
  get metadata(): MetadataFace {
    return {
      propose: async (command, options) => {
        const { index, term, value } = await this.#life
          .requireMember()
          .proposals.propose({ kind: 'user', command }, options);
        return { index, term, result: value };
      },
    };
  }

  /** Nodes and replicas: list, add, remove, replace. Through group 0's leader, wherever that is. */
  get members(): Members {
    return this.#life.requireMember().members;
  }

  /** Hands the leadership of a group to one of its voters, through its present leader; resolves when it leads. */
  async transfer(group: number, to: number, options: WaitOptions = {}): Promise<void> {
    return this.#life.requireMember().transfer(group, to, options);
  }

  /** Hands over client connections in the turn in which they were accepted, not yet attached. Without it they are refused. */
  serveClients(accept: (connection: Connection) => void): void {
    this.#life.serveClients(accept);
  }

  // Observation

  /** All that this node knows of itself; works without any leader. */
  status(): NodeStatus {
    return nodeStatusOf({
      id: this.#life.nodeId,
      name: this.#life.config.nodeName ?? '',
      incarnation: this.#life.incarnation,
      clusterId: this.#life.clusterId,
      addresses: this.#life.addresses,
      lifecycle: this.#life.lifecycle.state,
      epoch: this.#life.epoch.current(),
      hostEpoch: this.#life.hostEpoch,
      metadata: this.#life.view.state,
      groups: this.groupStatuses(),
      links: this.#life.links.report(),
    });
  }

  /** Named checks; the node is ready to serve when all are ok. */
  readiness(): readonly ReadinessCheck[] {
    return readinessChecks({
      lifecycle: this.#life.lifecycle.state,
      failure: (this.#life.member?.groups.failure ?? this.#life.member?.groups.noRoom)?.message,
      metadataIndex: this.#life.view.state.index,
      groups: this.groupStatuses(),
    });
  }

  /** Numbers by name, read when iterated. */
  get metrics(): MetricsRegistry {
    return this.#metrics;
  }

  /** Stops loops, links and listeners, then closes engines, catalog and transports. What waits fails with Shutdown. Idempotent. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #groups(): NodeGroups {
    return this.#life.requireMember().groups;
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

function notForMetadata(): FlotillaError {
  const reason = 'group 0 takes commands through metadata.propose only';
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'group', reason } });
}
