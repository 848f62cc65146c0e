import { FlotillaError } from '@flotilla/errors';
import type { ClusterTopology, RoutingTable } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import type { Catalog, LogEngine, SnapshotMark, SnapshotStore } from '@flotilla/storage';
import type { Connection, Transport } from '@flotilla/transport';
import type { ClusterNodeConfig } from './cluster-config.js';
import type { Proposed, ProposalSink, ReadSink } from './group/completion-sink.js';
import type { GroupObserver } from './group/group-observer.js';
import type { GroupStatus, PeerProgress } from './group/group-status.js';
import type { LifecycleState } from './lifecycle/lifecycle-state.js';
import type { LifecycleListener } from './lifecycle/lifecycle.js';
import type { Members } from './membership/members.js';
import type { MetadataProposed } from './metadata/metadata-proposals.js';
import type { WaitOptions } from './multi-raft/multi-raft.js';
import type { ClusterEventListener } from './observability/cluster-event.js';
import type { MetricsRegistry } from './observability/metrics-registry.js';
import type { NodeStatus, ReadinessCheck } from './observability/node-status.js';
import type { StateMachine } from './state-machine.js';

/** What a node is made of. The node owns nothing of it that it did not open: engines, catalog and transports are closed by `stop`. */
export interface ClusterNodeOptions {
  readonly config: ClusterNodeConfig;
  /** Carriers for the schemes of the addresses. Closed by `stop`. */
  readonly transports: readonly Transport[];
  /** The log engine of a worker; asked once a worker, from 0. Closed by `stop`. */
  readonly log: (worker: number) => LogEngine | Promise<LogEngine>;
  /** Closed by `stop`. */
  readonly snapshots: SnapshotStore;
  /** Closed by `stop`. */
  readonly catalog: Catalog;
  readonly runtime: Runtime;
  /** A fresh state machine for a data group; called each time the group is opened. */
  readonly stateMachine: (group: number) => StateMachine;
  /** Applies the user commands of group 0 (`metadata.propose`). Without it their result is empty. */
  readonly metadataStateMachine?: StateMachine;
  /** SHA-256 of the SubjectPublicKeyInfo of this node's certificate, 32 bytes, where it has one: peers hold later connections against it. */
  readonly spkiPin?: Uint8Array;
  readonly onEvent?: ClusterEventListener;
}

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
  /**
   * Opens storage and listeners and sets off: a restart from the catalog, the founding of a cluster, or a join. Resolves once the node
   * listens; `whenReady` says when it serves.
   *
   * @throws InvalidConfig, AddressInUse, StorageLocked, StorageCorrupt, StorageFailed, IncompatibleVersion
   */
  static start(_options: ClusterNodeOptions): Promise<ClusterNode> {
    throw unfinished();
  }

  /** 0 until the node has an id. */
  get nodeId(): number {
    throw unfinished();
  }
  /** 32 hexadecimal digits; undefined until the node belongs to a cluster. */
  get clusterId(): string | undefined {
    throw unfinished();
  }
  /** 16 hexadecimal digits: minted when the data folder was formatted. */
  get incarnation(): string {
    throw unfinished();
  }
  /** What this node advertises, canonical, ports resolved. */
  get addresses(): readonly string[] {
    throw unfinished();
  }
  /** What this node listens on, canonical, ports resolved. */
  get listening(): readonly string[] {
    throw unfinished();
  }
  /** The cluster epoch: the highest seen. */
  get epoch(): number {
    throw unfinished();
  }

  get lifecycle(): LifecycleState {
    throw unfinished();
  }
  /** Tells of every transition until the returned function is called. */
  watchLifecycle(_listener: LifecycleListener): () => void {
    throw unfinished();
  }
  /** Resolves once the node is ready. Rejects with what made it fail, Shutdown, or Aborted. */
  whenReady(_signal?: AbortSignal): Promise<void> {
    throw unfinished();
  }

  /** Nodes of the cluster as group 0 has them; without nodes until this node belongs to one. Immutable. */
  topology(): ClusterTopology {
    throw unfinished();
  }
  /** vShards and groups as group 0 has them. Immutable. */
  routing(): RoutingTable {
    throw unfinished();
  }
  /** Calls back after topology, routing or placement changed here, until the returned function is called. */
  watchMetadata(_listener: () => void): () => void {
    throw unfinished();
  }
  /** The leader of any group of the cluster: live state where this node holds the group, else what others last said. */
  leaderHint(_group: number): LeaderHint | undefined {
    throw unfinished();
  }
  /** The leader of the group that holds the vShard, from the live state of the group on this node. */
  leaderForVshard(_vshard: number): number | undefined {
    throw unfinished();
  }

  /** Groups held. */
  get groupCount(): number {
    throw unfinished();
  }
  /** @throws GroupNotFound, NotReady */
  groupStatus(_group: number): GroupStatus {
    throw unfinished();
  }
  /** Of all groups held, by id; none before the node belongs to a cluster. */
  groupStatuses(): readonly GroupStatus[] {
    throw unfinished();
  }
  /** The highest index that `peer` is known to hold durably; undefined where this node does not lead the group or has no such peer. */
  matchIndex(_group: number, _peer: number): number | undefined {
    throw unfinished();
  }
  /** Progress of all peers of a led group by id; undefined where this node does not lead it. */
  progress(_group: number): ReadonlyMap<number, PeerProgress> | undefined {
    throw unfinished();
  }
  /** The newest durable snapshot of the group on this node. */
  snapshotMetadata(_group: number): SnapshotMark | undefined {
    throw unfinished();
  }

  /** Proposes a command to a data group; its outcome goes to `sink`, also when it is refused, which may be within the call. */
  submit(_group: number, _command: Uint8Array, _sink: ProposalSink, _slot: number): void {
    throw unfinished();
  }
  /** Asks for a linearizable read of a group, on its leader or a follower; its outcome goes to `sink`. */
  submitRead(_group: number, _sink: ReadSink, _slot: number): void {
    throw unfinished();
  }
  /** Proposes a command to a data group held here and resolves after it was applied on this node. Group 0 takes `metadata.propose` only. */
  proposeToGroup(_group: number, _command: Uint8Array, _options?: WaitOptions): Promise<Proposed> {
    throw unfinished();
  }
  /** The same for the group that holds the vShard. Rejects with VShardNotMapped too. */
  proposeToVshard(_vshard: number, _command: Uint8Array, _options?: WaitOptions): Promise<Proposed> {
    throw unfinished();
  }
  /** Resolves with the read index once this node has applied it: what its state machine then shows is linearizable. */
  readIndex(_group: number, _options?: WaitOptions): Promise<number> {
    throw unfinished();
  }
  /** Resolves when `index` is applied on this node (`reached`), or the group was dropped (`gone`). */
  waitApplied(_group: number, _index: number, _options?: WaitOptions): Promise<'reached' | 'gone'> {
    throw unfinished();
  }
  /** Tells of what happens in groups, until the returned function is called; also of groups that are opened later. */
  observe(_observer: GroupObserver): () => void {
    throw unfinished();
  }

  /** Commands of group 0. */
  get metadata(): MetadataFace {
    throw unfinished();
  }
  /** Nodes and replicas: list, add, remove, replace. Through group 0's leader, wherever that is. */
  get members(): Members {
    throw unfinished();
  }
  /** Hands the leadership of a group to one of its voters, through its present leader; resolves when it leads. */
  transfer(_group: number, _to: number, _options?: WaitOptions): Promise<void> {
    throw unfinished();
  }

  /** Hands over client connections in the turn in which they were accepted, not yet attached. Without it they are refused. */
  serveClients(_accept: (connection: Connection) => void): void {
    throw unfinished();
  }

  /** All that this node knows of itself; works without any leader. */
  status(): NodeStatus {
    throw unfinished();
  }
  /** Named checks; the node is ready when all are ok. */
  readiness(): readonly ReadinessCheck[] {
    throw unfinished();
  }
  /** Numbers by name, read when iterated. */
  get metrics(): MetricsRegistry {
    throw unfinished();
  }

  /** Stops loops, links and listeners, then closes engines, catalog and transports. What waits fails with Shutdown. Idempotent. */
  stop(): Promise<void> {
    throw unfinished();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function unfinished(): FlotillaError {
  return new FlotillaError('Internal', { message: 'being written', details: { reason: 'being written' } });
}
