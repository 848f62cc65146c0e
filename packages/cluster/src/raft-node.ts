import { crc32c, toHex, utf8Encode } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import type { LogEngine, SnapshotStore } from '@flotilla/storage';
import type { Transport } from '@flotilla/transport';
import { WIRE_VERSIONS } from '@flotilla/wire';
import type { GroupObserver, GroupTraceSink } from './group/group-observer.js';
import type { GroupLimits, GroupRules, GroupTiming } from './group/group-options.js';
import type { GroupStatus } from './group/group-status.js';
import { PeerLinks } from './liveness/peer-links.js';
import { MultiRaft, type WaitOptions } from './multi-raft/multi-raft.js';
import { RaftWorker } from './raft-worker.js';
import type { SnapshotOptions } from './snapshot/snapshot-options.js';
import type { StateMachine } from './state-machine.js';

/** The one group of a RaftNode. */
const GROUP = 1;
/** A RaftNode's disk has no identity of its own: all members show this one. */
const NO_INCARNATION = '0'.repeat(16);

/** What a RaftNode is made of. */
export interface RaftNodeOptions {
  /** This node: a key of `members`. */
  readonly id: number;
  /** All nodes of the group, this one included, with the URLs at which they listen; the ids are the same on all of them, for good. */
  readonly members: ReadonlyMap<number, string>;
  /** Carries the members' URLs. */
  readonly transport: Transport;
  /** This node's own; closed by whoever opened it. */
  readonly log: LogEngine;
  /** This node's own; closed by whoever opened it. */
  readonly snapshots: SnapshotStore;
  /** In its first state: what log and snapshots hold is restored and applied to it. */
  readonly stateMachine: StateMachine;
  readonly runtime: Runtime;
  /** 32 lower-case hexadecimal digits that tell groups of the same ids apart (default: made from the ids). */
  readonly clusterId?: string;
  /** Length of a tick (default 50 ms); elections and heartbeats are counted in ticks. */
  readonly tickMs?: number;
  readonly timing?: Partial<GroupTiming>;
  readonly rules?: Partial<GroupRules>;
  readonly limits?: Partial<GroupLimits>;
  readonly snapshotting?: Partial<SnapshotOptions>;
  readonly observer?: GroupObserver;
  /** Told of everything that happens in the core, for tests and tools; the group is number 1. */
  readonly trace?: GroupTraceSink;
  /** The node stopped by itself: its disk failed. */
  readonly onFailed?: (error: FlotillaError) => void;
}

/** A command that was applied. */
export interface Submitted {
  readonly index: number;
  readonly term: number;
  /** What this node's state machine returned. */
  readonly result: Uint8Array;
}

/** Status of the group on this node, without what only many groups have. */
export type RaftNodeStatus = Omit<GroupStatus, 'group' | 'vshardCount' | 'incarnation'>;

/**
 * One Raft group alone, for those who want Raft and nothing else: fixed members, no group 0, no routing, no join.
 *
 * A member whose disk was lost must not come back under its id: it may have voted. (A ClusterNode finds that out by itself.)
 */
export class RaftNode implements AsyncDisposable {
  readonly id: number;
  readonly #options: RaftNodeOptions;
  readonly #address: string;
  readonly #links: PeerLinks;
  readonly #groups: MultiRaft;
  readonly #worker: RaftWorker;
  #state: 'new' | 'started' | 'stopped' = 'new';

  /** @throws InvalidArgument when `id` is no member, or an id is no positive safe integer */
  constructor(options: RaftNodeOptions) {
    this.id = options.id;
    this.#options = options;
    this.#address = ownAddress(options);
    this.#links = this.#makeLinks();
    this.#groups = new MultiRaft({
      nodeId: options.id,
      runtime: options.runtime,
      stateMachine: () => options.stateMachine,
      addresses: { addressOf: (node) => options.members.get(node) },
      observers: options.observer === undefined ? [] : [options.observer],
      ...given('trace', options.trace),
      ...given('tickMs', options.tickMs),
      ...given('timing', options.timing),
      ...given('rules', options.rules),
      ...given('limits', options.limits),
    });
    this.#worker = new RaftWorker({
      groups: this.#groups,
      log: options.log,
      snapshots: options.snapshots,
      peers: this.#links.network(0),
      runtime: options.runtime,
      ...given('tickMs', options.tickMs),
      ...given('snapshotting', options.snapshotting),
      ...given('onFailed', options.onFailed),
    });
  }

  #makeLinks(): PeerLinks {
    const { runtime, transport, members } = this.#options;
    const clusterId = this.#options.clusterId ?? clusterIdOf(members.keys());
    const hostEpoch = Math.max(1, Math.floor(runtime.wallClock()));
    return new PeerLinks({
      runtime,
      transports: [transport],
      directory: (id) => memberInfo(id, members.get(id)),
      identity: () => ({
        clusterId,
        nodeId: this.id,
        incarnation: NO_INCARNATION,
        clusterEpoch: 0,
        hostEpoch,
        addresses: [this.#address],
      }),
      serve: () => Promise.reject(noService()),
      control: () => undefined,
      client: (connection) => connection.destroy(noService()),
      epochSeen: () => undefined,
    });
  }

  /**
   * Recovers what log and snapshots hold, listens, dials the other members and takes part. Resolves when this node runs, which is
   * before a leader is known.
   *
   * Rejects with AddressInUse, StorageCorrupt, StorageFailed, IncompatibleVersion or InvalidConfig.
   */
  async start(): Promise<void> {
    if (this.#state !== 'new') throw this.#state === 'stopped' ? stopped() : startedTwice();
    this.#state = 'started';
    try {
      await this.#links.listen(this.#address);
      await this.#worker.start([{ group: GROUP, incarnation: 0, founders: this.#ids() }]);
    } catch (error) {
      await this.stop();
      throw error;
    }
    const others = [...this.#options.members].filter(([id]) => id !== this.id);
    this.#links.setPeers(others.map(([id, address]) => ({ id, addresses: [address] })));
  }

  #ids(): number[] {
    return [...this.#options.members.keys()].sort((a, b) => a - b);
  }

  /**
   * Proposes a command and resolves once it was applied here. Rejects with NotLeader (`details.leader` and `.address` say where to
   * ask), Overloaded, LimitExceeded, InvalidArgument, ProposalDropped, GroupStopped or StorageFailed (definite: not applied, and never will be), or
   * with ProposalOutcomeUnknown, Aborted or Shutdown (unknown).
   */
  async submit(command: Uint8Array, options: WaitOptions = {}): Promise<Submitted> {
    this.#mustRun();
    const { index, term, result } = await this.#groups.proposeToGroup(GROUP, command, options);
    return { index, term, result };
  }

  /** Resolves once a read of this node's state machine is linearizable: it shows all that was acknowledged before the call. Works on followers too. Resolves with the read index. */
  async read(options: WaitOptions = {}): Promise<number> {
    this.#mustRun();
    return this.#groups.readIndex(GROUP, options);
  }

  /** Hands leadership, which this node must have, to another member. Rejects with NotLeader, Timeout or InvalidArgument. */
  async transferLeadership(to: number, options: WaitOptions = {}): Promise<void> {
    this.#mustRun();
    await this.#groups.transferLeadership(GROUP, to, options);
  }

  /** State of the group on this node. @throws NotReady before `start`, Shutdown after `stop` */
  status(): RaftNodeStatus {
    this.#mustRun();
    const {
      group: _group,
      vshardCount: _vshardCount,
      incarnation: _incarnation,
      ...status
    } = this.#groups.status(GROUP);
    return status;
  }

  /** Takes no more part: closes connections, fails what waits with Shutdown, waits for the write in flight. Idempotent. Log and snapshots are their owner's to close. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    await this.#worker.stop();
    await this.#links.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #mustRun(): void {
    if (this.#state === 'stopped') throw stopped();
    if (this.#state === 'started' && this.#groups.hasGroup(GROUP)) return;
    throw new FlotillaError('NotReady', {
      message: 'the node has not started: await start() first',
      details: { reason: 'not started' },
    });
  }
}

function ownAddress({ id, members }: RaftNodeOptions): string {
  for (const member of members.keys()) {
    if (!Number.isSafeInteger(member) || member < 1) {
      throw invalidArgument('members', `${String(member)} is no positive safe integer`);
    }
  }
  const address = members.get(id);
  if (address === undefined) throw invalidArgument('id', `node ${id} is not among the members`);
  return address;
}

function invalidArgument(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: `${argument}: ${reason}`, details: { argument, reason } });
}

/** The same for all who have the same ids, whatever their order. */
function clusterIdOf(ids: Iterable<number>): string {
  const sorted = utf8Encode([...ids].sort((a, b) => a - b).join(','));
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < 16; at += 4) view.setUint32(at, crc32c(sorted, at + 1));
  return toHex(bytes);
}

function memberInfo(id: number, address: string | undefined): NodeInfo | undefined {
  if (address === undefined) return undefined;
  return {
    id,
    name: undefined,
    addresses: [address],
    state: 'active',
    incarnation: NO_INCARNATION,
    voter: true,
    versions: WIRE_VERSIONS,
    spkiPins: [],
  };
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function noService(): FlotillaError<'UnexpectedResponse'> {
  return new FlotillaError('UnexpectedResponse', {
    message: 'this node is a member of one Raft group, and serves no requests',
    details: { from: 'raft node' },
  });
}

function stopped(): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', { message: 'the node was stopped', details: {}, outcome: 'definite' });
}

function startedTwice(): FlotillaError<'InvalidArgument'> {
  return invalidArgument('start', 'a node is started once');
}
