import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import { type NodeStorage, openStorage } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';
import type { Transport } from '@flotilla/transport';
import { MemoryNetwork } from '@flotilla/transport/memory';
import {
  type ClusterEvent,
  ClusterNode,
  type ClusterNodeConfig,
  type ClusterNodeOptions,
  type StateMachine,
} from '../../src/index.js';
import { RecordingMachine } from './recording-machine.js';

/** What all nodes of a world share, unless a node says otherwise. */
export interface ClusterWorldOptions {
  readonly seed?: number | string;
  readonly config?: Partial<ClusterNodeConfig>;
  readonly metadataStateMachine?: () => StateMachine;
  /** What a node is observed by, given its name. */
  readonly observed?: (name: string) => Pick<ClusterNodeOptions, 'observers' | 'trace'>;
}

/** One node: it may stop, crash, be wiped, and start again over what its disk still has. */
export class ClusterWorldNode {
  readonly world: ClusterWorld;
  readonly name: string;
  runtime!: VirtualRuntime;
  files = new MemoryFiles();
  storage: NodeStorage | undefined;
  running: ClusterNode | undefined;
  readonly events: ClusterEvent[] = [];
  machines = new Map<number, RecordingMachine>();
  config: Partial<ClusterNodeConfig> = {};
  /** How the node's timers come, where not as the world's. */
  pace: (runtime: Runtime) => Runtime = (runtime) => runtime;
  /** Nodes that this one cannot dial, as where it lacks their transport; they may dial it. */
  cannotDial: readonly ClusterWorldNode[] = [];

  constructor(world: ClusterWorld, name: string) {
    this.world = world;
    this.name = name;
  }

  get address(): string {
    return `mem://${this.name}:1`;
  }

  /** The node that runs now. */
  get node(): ClusterNode {
    if (this.running === undefined) throw new Error(`${this.name} does not run`);
    return this.running;
  }

  /** Sets off, driving the world until the node listens. */
  start(config?: Partial<ClusterNodeConfig>): Promise<ClusterNode> {
    return this.world.settle(this.launch(config));
  }

  /** Sets off; resolves once the node listens, for which somebody must drive the world. */
  async launch(config: Partial<ClusterNodeConfig> = this.config): Promise<ClusterNode> {
    const { world } = this;
    this.config = config;
    this.machines = new Map();
    this.runtime = world.virtual.createRuntime();
    const runtime = this.pace(this.runtime);
    const transport = world.network.transport(this.name, { runtime });
    const storage = await openStorage({ files: this.files, runtime });
    this.storage = storage;
    this.running = await ClusterNode.start({
      config: { listen: [this.address], ...world.options.config, ...config },
      transports: [this.#dialling(transport)],
      log: (worker) => storage.log(worker),
      snapshots: storage.snapshots,
      catalog: storage.catalog,
      runtime,
      stateMachine: (group) => {
        const machine = new RecordingMachine();
        this.machines.set(group, machine);
        return machine;
      },
      ...(world.options.metadataStateMachine === undefined
        ? {}
        : { metadataStateMachine: world.options.metadataStateMachine }),
      onEvent: (event) => this.events.push(event),
      ...world.options.observed?.(this.name),
    });
    return this.running;
  }

  #dialling(transport: Transport): Transport {
    return {
      schemes: transport.schemes,
      listen: (address, options) => transport.listen(address, options),
      dial: async (address, options) => {
        const isRefused = this.cannotDial.some(({ name }) => address.startsWith(`mem://${name}:`));
        if (isRefused)
          throw new FlotillaError('Unreachable', { message: `no way to ${address}`, details: { address } });
        return transport.dial(address, options);
      },
      close: () => transport.close(),
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    };
  }

  /** Stops in good order. */
  async stop(): Promise<void> {
    await this.world.virtual.settle(this.node.stop());
    await this.world.virtual.settle(this.storage?.close() ?? Promise.resolve());
    this.running = undefined;
  }

  /** The process is gone, the machine stays: all that it wrote is there. */
  crash(survive: 'process' | 'none' = 'process'): void {
    this.runtime.halt();
    this.world.network.crash(this.name);
    this.files = this.files.crash(survive);
    this.running = undefined;
  }

  /** The disk is empty. */
  wipe(): void {
    this.files = new MemoryFiles();
  }

  eventsNamed<N extends ClusterEvent['name']>(name: N): Extract<ClusterEvent, { name: N }>[] {
    return this.events.filter((event): event is Extract<ClusterEvent, { name: N }> => event.name === name);
  }
}

/** Whole nodes in one virtual time: real engines over memory files, real links over a memory network. */
export class ClusterWorld {
  readonly options: ClusterWorldOptions;
  readonly virtual: VirtualWorld;
  readonly network: MemoryNetwork;
  readonly nodes = new Map<string, ClusterWorldNode>();

  constructor(options: ClusterWorldOptions = {}) {
    this.options = options;
    this.virtual = new VirtualWorld({ seed: options.seed ?? 1 });
    this.network = new MemoryNetwork({ runtime: this.virtual.createRuntime(), latency: 1 });
  }

  node(name: string): ClusterWorldNode {
    let node = this.nodes.get(name);
    if (node === undefined) this.nodes.set(name, (node = new ClusterWorldNode(this, name)));
    return node;
  }

  /** Starts nodes that have all of each other as seeds, one right after the other, and waits until all are ready. */
  async startCluster(...names: string[]): Promise<ClusterWorldNode[]> {
    const nodes = names.map((name) => this.node(name));
    const seeds = nodes.map((node) => node.address);
    for (const node of nodes) await node.start({ seeds });
    await this.allReady(...nodes);
    return nodes;
  }

  allReady(...nodes: ClusterWorldNode[]): Promise<void> {
    return this.until(() => nodes.every(({ node }) => node.lifecycle.phase === 'ready'));
  }

  until(condition: () => boolean, deadlineMs = 60_000): Promise<void> {
    return this.virtual.runUntil(condition, { deadlineMs });
  }

  settle<T>(promise: PromiseLike<T>, deadlineMs = 60_000): Promise<T> {
    return this.virtual.settle(promise, { deadlineMs });
  }

  /** Nodes that run. */
  get running(): ClusterWorldNode[] {
    return [...this.nodes.values()].filter(({ running }) => running !== undefined);
  }

  /** The node that leads a group, by its own word; undefined while none, or more than one says so. */
  leader(group: number): ClusterWorldNode | undefined {
    const leaders = this.running.filter(({ node }) =>
      node.groupStatuses().some((status) => status.group === group && status.role === 'leader'),
    );
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  /** Every data group has exactly these voters, or as many, and no learners, in the eyes of its leader. */
  settled(voters: number): boolean {
    const groups = [...(this.running[0]?.node.routing().groups.keys() ?? [])].filter((group) => group !== 0);
    return (
      groups.length > 0 &&
      groups.every((group) => {
        const status = this.leader(group)?.node.groupStatus(group);
        return (
          status !== undefined &&
          status.members.length === voters &&
          status.learners.length === 0 &&
          status.confState.votersOutgoing.length === 0
        );
      })
    );
  }

  /** How many data groups each running node leads, by node id. */
  leaderCounts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { node } of this.running) {
      counts.set(
        node.nodeId,
        node.groupStatuses().filter(({ group, role }) => group !== 0 && role === 'leader').length,
      );
    }
    return counts;
  }
}
