import { FlotillaError, invariant } from '@flotilla/errors';
import type { Message } from '@flotilla/raft-core';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { SnapshotMark, SnapshotStore, StoredSnapshot } from '@flotilla/storage';
import type { IncomingStream } from '@flotilla/transport';
import type { Group } from '../group/group.js';
import type { PeerNetwork } from '../raft-loop/peer-network.js';
import type { SnapshotHost, SnapshotKeeper } from '../raft-loop/snapshot-keeper.js';
import type { PinnedSnapshot, StateMachine } from '../state-machine.js';
import { Exclusive, Lanes } from './exclusive.js';
import { DEFAULT_SNAPSHOT_OPTIONS, type SnapshotOptions } from './snapshot-options.js';
import { cutBehind, isSnapshotDue, sharedPolicy, type SnapshotPolicy } from './snapshot-policy.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import { SnapshotSender } from './snapshot-sender.js';

/** What GroupSnapshots is made of. */
export interface GroupSnapshotsParts {
  readonly runtime: Runtime;
  readonly store: SnapshotStore;
  readonly peers: PeerNetwork;
  readonly options?: Partial<SnapshotOptions>;
}

/**
 * Snapshots of the groups of one worker: takes them by policy or on demand, carries them to peers, receives them, restores state
 * machines from them. One file of a group is written at a time.
 */
export class GroupSnapshots implements SnapshotKeeper {
  readonly #runtime: Runtime;
  readonly #store: SnapshotStore;
  readonly #peers: PeerNetwork;
  readonly #options: SnapshotOptions;
  readonly #exclusive = new Exclusive();
  readonly #takes: Lanes;
  readonly #taking = new Map<number, Promise<SnapshotMark>>();
  readonly #newest = new Map<number, StoredSnapshot>();
  #host: SnapshotHost | undefined;
  #sender: SnapshotSender | undefined;
  #receiver: SnapshotReceiver | undefined;
  #sweeping: Timer | undefined;
  #stopped = false;

  constructor(parts: GroupSnapshotsParts) {
    this.#runtime = parts.runtime;
    this.#store = parts.store;
    this.#peers = parts.peers;
    this.#options = { ...DEFAULT_SNAPSHOT_OPTIONS, ...parts.options };
    this.#takes = new Lanes(this.#options.takesMax);
  }

  attach(host: SnapshotHost): void {
    this.#host = host;
    const shared = { runtime: this.#runtime, store: this.#store, host, options: this.#options };
    this.#sender = new SnapshotSender({ ...shared, peers: this.#peers, newest: (group) => this.#newest.get(group) });
    this.#receiver = new SnapshotReceiver({
      ...shared,
      exclusive: this.#exclusive,
      complete: (stored) => this.#newest.set(stored.group, stored),
    });
  }

  async load(): Promise<ReadonlyMap<number, StoredSnapshot>> {
    await this.#store.sweepPartials(this.#options.orphanPartialMaxAgeMs);
    for (const stored of await this.#store.list()) this.#newest.set(stored.group, stored);
    this.#sweepLater();
    return this.#newest;
  }

  #sweepLater(): void {
    if (this.#stopped) return;
    const age = this.#options.orphanPartialMaxAgeMs;
    this.#sweeping = this.#runtime.setTimer(age, () => {
      this.#store.sweepPartials(age).then(
        () => this.#sweepLater(),
        (error: unknown) => this.#host?.failed(0, error),
      );
    });
  }

  restore(snapshot: StoredSnapshot, machine: StateMachine): Promise<void> {
    return machine.restore(this.#store.read(snapshot));
  }

  restored({ group, index }: StoredSnapshot): void {
    this.#exclusive
      .run(group, () => this.#prune(group, index))
      .catch((error: unknown) => this.#host?.failed(group, error));
  }

  /** Drops what is stored below `index` and is not being sent. */
  #prune(group: number, index: number): Promise<void> {
    const below = Math.min(index, this.#sender?.oldestSending(group) ?? Infinity);
    return this.#store.prune(group, { below });
  }

  consider(group: Group): void {
    if (isSnapshotDue(group, this.#policy)) this.wanted(group);
  }

  get #policy(): SnapshotPolicy {
    const { policy, nodeBytesMax } = this.#options;
    return sharedPolicy(policy, nodeBytesMax, this.#host?.groupCount() ?? 1);
  }

  wanted(group: Group): void {
    if (this.#taking.has(group.id) || group.isInstalling || group.appliedIndex === 0) return;
    this.take(group).catch((error: unknown) => this.#host?.failed(group.id, error));
  }

  take(group: Group): Promise<SnapshotMark> {
    const running = this.#taking.get(group.id);
    if (running !== undefined) return running;
    if (this.#stopped) return Promise.reject(stopped());
    const taking = this.#takes
      .run(() => this.#exclusive.run(group.id, () => this.#take(group)))
      .finally(() => this.#taking.delete(group.id));
    this.#taking.set(group.id, taking);
    return taking;
  }

  async #take(group: Group): Promise<SnapshotMark> {
    const refusal = this.#stopped ? stopped() : group.refusal();
    if (refusal !== undefined) throw refusal;
    if (group.isInstalling || group.appliedIndex === 0) {
      throw new FlotillaError('NotReady', {
        message: `group ${group.id} has no state of its own to take a snapshot of`,
        details: { reason: group.isInstalling ? 'a snapshot is being installed' : 'nothing is applied' },
      });
    }
    const newest = group.log.snapshotMark;
    if (newest !== undefined && newest.index === group.appliedIndex) return newest;
    const { mark, pinned } = pin(group);
    try {
      await this.#write(group, mark, pinned);
    } finally {
      pinned.release();
    }
    await this.#host?.taken(group, mark, this.#cut(group, mark.index));
    await this.#prune(group.id, mark.index);
    return mark;
  }

  /** Where to cut the log: not behind a snapshot that is on its way to a peer, unless the log has grown far beyond the policy. */
  #cut(group: Group, index: number): number {
    const policy = this.#policy;
    const cut = cutBehind(group, index, policy);
    const isLong = group.log.bytes > 4 * (policy.bytesMax + policy.keepBytes);
    return isLong ? cut : Math.min(cut, this.#sender?.oldestSending(group.id) ?? Infinity);
  }

  async #write(group: Group, mark: SnapshotMark, pinned: PinnedSnapshot): Promise<void> {
    const writer = await this.#store.create(group.id, mark);
    try {
      for await (const piece of pinned.read()) {
        if (this.#stopped || group.state !== 'running') throw stopped();
        await writer.write(piece);
      }
    } catch (error) {
      await writer.abort();
      throw error;
    }
    const stored = await writer.commit();
    if (group.state === 'running') this.#newest.set(group.id, stored);
  }

  send(group: Group, message: Message): void {
    this.#sender?.send(group, message);
  }

  receive(node: number, stream: IncomingStream): void {
    this.#receiver?.receive(node, stream);
  }

  async drop(group: number): Promise<void> {
    this.#sender?.drop(group);
    this.#receiver?.drop(group);
    await this.#exclusive.run(group, async () => {
      this.#newest.delete(group);
      await this.#store.prune(group, { all: true });
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#sweeping?.cancel();
    this.#receiver?.stop();
    await this.#sender?.stop();
    await this.#exclusive.idle();
  }
}

/** Pins the state at the applied index; a throw of the state machine stops the group. */
function pin(group: Group): { readonly mark: SnapshotMark; readonly pinned: PinnedSnapshot } {
  const index = group.appliedIndex;
  const term = group.log.term(index);
  invariant(typeof term === 'number', () => `the applied entry ${index} of group ${group.id} is not in its log`);
  const mark: SnapshotMark = { index, term, confState: group.confState };
  group.snapshotTaken();
  try {
    return { mark, pinned: group.machine.snapshot() };
  } catch (error) {
    group.fail(error);
    throw error;
  }
}

function stopped(): FlotillaError<'Shutdown'> {
  return new FlotillaError('Shutdown', { message: 'the node stops; the snapshot was given up', details: {} });
}
