import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import type { ConfState } from '@flotilla/raft-core';
import { type LogEngine, openStorage, type SnapshotStore } from '@flotilla/storage';
import { MemoryFiles, randomSurvival } from '@flotilla/storage/memory';
import type { GroupObserver } from '../../src/group/group-observer.js';
import type { GroupLimits, GroupRules, GroupTiming } from '../../src/group/group-options.js';
import type { GroupSpec } from '../../src/multi-raft/group-spec.js';
import { MultiRaft } from '../../src/multi-raft/multi-raft.js';
import type { LearnerPromotion } from '../../src/raft-loop/learner-promotion.js';
import { RaftWorker } from '../../src/raft-worker.js';
import type { SnapshotOptions } from '../../src/snapshot/snapshot-options.js';
import { DirectNetwork } from './direct-network.js';
import { MemorySnapshots, SlowLog } from './disk.js';
import { RecordingMachine } from './recording-machine.js';

/** How the nodes of a world are made. */
export interface RaftWorldOptions {
  readonly seed?: number | string;
  readonly limits?: Partial<GroupLimits>;
  readonly rules?: Partial<GroupRules>;
  readonly timing?: Partial<GroupTiming>;
  readonly snapshotting?: Partial<SnapshotOptions>;
  readonly promotion?: LearnerPromotion;
  readonly observer?: (node: number) => GroupObserver;
  /** The real storage over files in memory, in place of a log and snapshots that only play at it; what a crash leaves of unsynced writes is up to chance. */
  readonly files?: boolean;
  /** Hosts are watched, so that idle groups stop their clocks. */
  readonly quiescence?: boolean;
  readonly groupForVshard?: (vshard: number) => number | undefined;
}

/** One node: its life may end and begin again over the same disk. */
export class RaftWorldNode {
  readonly id: number;
  readonly world: RaftWorld;
  runtime!: VirtualRuntime;
  log!: SlowLog;
  snapshots = new MemorySnapshots();
  groups!: MultiRaft;
  worker!: RaftWorker;
  alive = false;
  specs: GroupSpec[] = [];
  readonly machines = new Map<number, RecordingMachine>();
  failures: Error[] = [];
  #engine: Awaited<ReturnType<SlowLog['crash']>> | undefined;
  #files: MemoryFiles | undefined;

  constructor(world: RaftWorld, id: number) {
    this.world = world;
    this.id = id;
  }

  async start(specs: readonly GroupSpec[] = this.specs): Promise<void> {
    const { options, network } = this.world;
    this.specs = [...specs];
    this.runtime = this.world.virtual.createRuntime();
    this.log = this.#engine === undefined ? new SlowLog(this.runtime) : new SlowLog(this.runtime, this.#engine);
    const disk = options.files === true ? await this.#openFiles() : { log: this.log, snapshots: this.snapshots };
    this.machines.clear();
    const peers = network.peersOf(this.id);
    this.groups = new MultiRaft({
      nodeId: this.id,
      runtime: this.runtime,
      stateMachine: (group) => {
        const machine = new RecordingMachine();
        this.machines.set(group, machine);
        return machine;
      },
      ...(options.timing === undefined ? {} : { timing: options.timing }),
      ...(options.rules === undefined ? {} : { rules: options.rules }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      addresses: { addressOf: (node) => `mem://${node}` },
      routing: {
        groupForVshard: (vshard) => options.groupForVshard?.(vshard),
        vshardCount: () => 0,
      },
      observers: options.observer === undefined ? [] : [options.observer(this.id)],
      ...(options.quiescence === true ? { hosts: { isAlive: (node: number) => network.isLinked(this.id, node) } } : {}),
    });
    network.onBroken(this.id, (node) => this.groups.hostDead(node));
    this.worker = new RaftWorker({
      groups: this.groups,
      ...disk,
      peers,
      runtime: this.runtime,
      onFailed: (error) => this.failures.push(error),
      ...(options.snapshotting === undefined ? {} : { snapshotting: options.snapshotting }),
      ...(options.promotion === undefined ? {} : { promotion: options.promotion }),
    });
    this.alive = true;
    await this.world.virtual.settle(this.worker.start(this.specs));
  }

  async #openFiles(): Promise<{ readonly log: LogEngine; readonly snapshots: SnapshotStore }> {
    const { prng } = this.world.virtual;
    const options = { runtime: this.runtime, latencyMs: () => prng.float() * 3, afterCrash: 'hang' } as const;
    const survival = randomSurvival(() => prng.float());
    this.#files = this.#files === undefined ? new MemoryFiles(options) : this.#files.crash(survival, options);
    const storage = await this.world.settle(
      openStorage({ files: this.#files, runtime: this.runtime, segmentBytes: 32_768 }),
    );
    return { log: await this.world.settle(storage.log(0)), snapshots: storage.snapshots };
  }

  /** The process dies; of what was under way to the disk, chance decides. */
  async crash(survives: () => boolean = () => false): Promise<void> {
    this.alive = false;
    this.runtime.halt();
    this.#files?.crash('none');
    this.world.network.down(this.id);
    this.#engine = await this.log.crash(survives);
    this.snapshots = this.snapshots.restarted();
  }

  async stop(): Promise<void> {
    this.alive = false;
    await this.world.virtual.settle(this.worker.stop());
    await this.crash();
  }

  machine(group: number): RecordingMachine {
    const machine = this.machines.get(group);
    if (machine === undefined) throw new Error(`node ${this.id} has no group ${group}`);
    return machine;
  }

  leads(group: number): boolean {
    return this.alive && this.groups.hasGroup(group) && this.groups.status(group).role === 'leader';
  }
}

/** Some nodes, a network and one virtual time. */
export class RaftWorld {
  readonly virtual: VirtualWorld;
  readonly network: DirectNetwork;
  readonly options: RaftWorldOptions;
  readonly nodes = new Map<number, RaftWorldNode>();

  constructor(options: RaftWorldOptions = {}) {
    this.options = options;
    this.virtual = new VirtualWorld({ seed: options.seed ?? 1 });
    this.network = new DirectNetwork(this.virtual.createRuntime());
  }

  /** Nodes 1 to `count`, each a founder of each of `groups`. */
  static async of(count: number, groups: readonly number[], options: RaftWorldOptions = {}): Promise<RaftWorld> {
    const world = new RaftWorld(options);
    const founders = Array.from({ length: count }, (_, at) => at + 1);
    for (const id of founders) {
      await world.node(id).start(groups.map((group) => ({ group, incarnation: 0, founders })));
    }
    return world;
  }

  node(id: number): RaftWorldNode {
    let node = this.nodes.get(id);
    if (node === undefined) {
      node = new RaftWorldNode(this, id);
      this.nodes.set(id, node);
    }
    return node;
  }

  alive(): RaftWorldNode[] {
    return [...this.nodes.values()].filter((node) => node.alive);
  }

  leader(group: number): RaftWorldNode | undefined {
    let leader: RaftWorldNode | undefined;
    for (const node of this.alive()) {
      if (!node.leads(group)) continue;
      if (leader === undefined || node.groups.status(group).term > leader.groups.status(group).term) leader = node;
    }
    return leader;
  }

  /** Makes `id` the leader of the group, by a forced election. */
  async elect(id: number, group: number): Promise<RaftWorldNode> {
    const node = this.node(id);
    node.groups.campaign(group);
    await this.until(
      () =>
        node.leads(group) &&
        this.alive().every((other) => !other.groups.hasGroup(group) || other.groups.status(group).leader === id),
    );
    return node;
  }

  async awaitLeader(group: number): Promise<RaftWorldNode> {
    await this.until(() => this.leader(group) !== undefined);
    return this.leader(group) as RaftWorldNode;
  }

  until(condition: () => boolean, deadlineMs = 30_000): Promise<void> {
    return this.virtual.runUntil(condition, { deadlineMs });
  }

  settle<T>(promise: PromiseLike<T>): Promise<T> {
    return this.virtual.settle(promise);
  }

  /** Outcome of a promise, as a value. */
  async outcome<T>(promise: Promise<T>): Promise<T | Error> {
    return this.settle(
      promise.then(
        (value): T | Error => value,
        (error: unknown) => error as Error,
      ),
    );
  }
}

/** A configuration of voters and learners. */
export function confOf(voters: readonly number[], learners: readonly number[] = []): ConfState {
  return { voters, learners, votersOutgoing: [], learnersNext: [], autoLeave: false };
}
