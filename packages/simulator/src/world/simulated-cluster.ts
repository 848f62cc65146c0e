import type { ClusterNode, ClusterNodeConfig } from '@flotilla/cluster';
import { type FlotillaError, isFlotillaError } from '@flotilla/errors';
import { Prng, type VirtualRuntime, type VirtualRuntimeOptions, type VirtualWorld } from '@flotilla/runtime/virtual';
import type { FilesCall } from '@flotilla/storage/memory';
import { type Delay, MemoryNetwork } from '@flotilla/transport/memory';
import type { Observer } from '../observation/observer.js';
import type { Story } from '../story/story.js';
import type { Application } from './application.js';
import { ClusterAdmin } from './cluster-admin.js';
import { Operator } from './operator.js';
import { SimulatedDisk } from './simulated-disk.js';
import { addressOf, SimulatedNode } from './simulated-node.js';

/** How a simulated cluster is made. */
export interface SimulatedClusterOptions {
  readonly world: VirtualWorld;
  /** Decides all chance of network, disks, clocks and faults. */
  readonly seed: number | string;
  /** Machines at the start: n1, n2, … */
  readonly nodes: number;
  /** What all nodes are told beside addresses, seeds and names. */
  readonly config: Partial<ClusterNodeConfig>;
  /** Size at which a log begins a new segment, in bytes. */
  readonly segmentBytes: number;
  /** Of messages, in ms. */
  readonly latency: Delay;
  /** Of calls of a disk, in ms; undefined: they complete at once. */
  readonly diskLatencyMs: ((call: FilesCall, prng: Prng) => number) | undefined;
  /** Clocks of a machine. */
  readonly clock: (name: string) => VirtualRuntimeOptions;
  readonly application: Application;
  readonly observer: Observer;
  readonly story: Story;
  /** Something went wrong that is no fault of the run: a throw, a failure without a cause. */
  readonly onCrash: (error: Error, place: { readonly node?: string }) => void;
}

/** A whole cluster in virtual time: machines, a network, and what was done to them. */
export class SimulatedCluster {
  readonly world: VirtualWorld;
  readonly network: MemoryNetwork;
  /** Chance of whatever concerns no single fault, such as which machine is struck. */
  readonly prng: Prng;
  readonly observer: Observer;
  readonly story: Story;
  /** Clock of whoever acts on the cluster from outside: faults, operators. */
  readonly director: VirtualRuntime;
  /** Brings back what failed. */
  readonly operator: Operator;
  /** What an operator asks of the cluster. */
  readonly admin: ClusterAdmin;
  /** Ids of all groups, ascending, 0 included. */
  readonly groups: readonly number[];
  readonly #options: SimulatedClusterOptions;
  readonly #nodes = new Map<string, SimulatedNode>();
  readonly #counts = new Map<string, number>();
  readonly #founders: readonly string[];
  readonly #recoveries: ((name: string) => void)[] = [];

  constructor(options: SimulatedClusterOptions) {
    const { world, seed, latency, observer, story } = options;
    this.#options = options;
    this.world = world;
    this.observer = observer;
    this.story = story;
    this.prng = new Prng(`${seed}/cluster`);
    this.network = new MemoryNetwork({ runtime: world.createRuntime(), seed: `${seed}/network`, latency });
    this.director = world.createRuntime();
    this.operator = new Operator(this);
    this.admin = new ClusterAdmin(this);
    this.groups = Array.from({ length: 1 + (options.config.numGroups ?? 1) }, (_, group) => group);
    const names = Array.from({ length: options.nodes }, (_, at) => `n${at + 1}`);
    this.#founders = names.map(addressOf);
    for (const name of names) this.addMachine(name);
  }

  /** All machines by name, in order of making. */
  get nodes(): ReadonlyMap<string, SimulatedNode> {
    return this.#nodes;
  }

  /** Names of all machines, in order of making. */
  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** Addresses at which the cluster is known from its beginning. */
  get endpoints(): readonly string[] {
    return this.#founders;
  }

  /** @throws {Error} for an unknown name */
  node(name: string): SimulatedNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no machine ${name}; there are ${this.names.join(', ')}`);
    return node;
  }

  /** One more machine, with an empty disk and nothing running; its name, unless given, is the next `n<k>`. A name must be new. */
  addMachine(name: string = `n${this.#nodes.size + 1}`): SimulatedNode {
    if (this.#nodes.has(name)) throw new Error(`there is a machine ${name} already`);
    const { world, seed, segmentBytes, diskLatencyMs, clock, application, observer } = this.#options;
    const node = new SimulatedNode({
      name,
      world,
      network: this.network,
      disk: new SimulatedDisk({ prng: new Prng(`${seed}/disk/${name}`), segmentBytes, latencyMs: diskLatencyMs }),
      config: () => this.#configOf(name),
      clock: clock(name),
      application,
      observer,
      onFailed: (failed, error) => this.#failed(failed, error),
    });
    this.#nodes.set(name, node);
    return node;
  }

  /**
   * A machine whose disk was once wiped is told of all others only: were it the smallest of them, and cut off from all who could tell
   * it better, it would found a cluster of its own.
   */
  #configOf(name: string): ClusterNodeConfig {
    const own = addressOf(name);
    const others = this.names.filter((other) => other !== name).map(addressOf);
    const seeds = this.operator.wasWiped(name) ? others : this.#founders;
    return { nodeName: name, listen: [own], seeds, ...this.#options.config };
  }

  #failed(node: SimulatedNode, error: FlotillaError): void {
    this.story.note(`node failed: ${error.code}: ${error.message}`, { node: node.name });
    this.operator.failed(node, error);
  }

  /** Something went wrong that no fault explains: it ends the run as a violation. */
  crashed(error: Error, place: { readonly node?: string } = {}): void {
    this.#options.onCrash(error, place);
  }

  /** Starts all machines that are down; resolves once those that could listen. */
  async start(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.start()));
  }

  /** The machine that leads a group, by its own word, in the highest term where more than one says so. */
  leader(group: number): SimulatedNode | undefined {
    let leader: SimulatedNode | undefined;
    let highest = -1;
    for (const node of this.#nodes.values()) {
      for (const status of node.running?.groupStatuses() ?? []) {
        if (status.group !== group || status.role !== 'leader' || status.term <= highest) continue;
        leader = node;
        highest = status.term;
      }
    }
    return leader;
  }

  /** Its name. */
  leaderOf(group: number): string | undefined {
    return this.leader(group)?.name;
  }

  /** A node that serves: the first one that is neither paused nor on its way. */
  readyNode(): ClusterNode | undefined {
    for (const { running, isPaused } of this.#nodes.values()) {
      if (running?.lifecycle.phase === 'ready' && !isPaused) return running;
    }
    return undefined;
  }

  /** The machine on which the node with an id runs; undefined while none does. */
  machineOf(nodeId: number): string | undefined {
    for (const { name, running } of this.#nodes.values()) if (running?.nodeId === nodeId) return name;
    return undefined;
  }

  /** Work that nobody waits for. What the cluster refuses is a line of the story; any other error ends the run as a violation. */
  background(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (isFlotillaError(error) && error.code !== 'Internal')
        this.story.note(`${what}: ${error.code}: ${error.message}`);
      else this.crashed(error instanceof Error ? error : new Error(`${what}: ${String(error)}`));
    });
  }

  /** The place of a machine that had lost its disk is filled. */
  recovered(name: string): void {
    for (const listener of this.#recoveries) listener(name);
  }

  /** Tells of machines whose place is filled again. */
  onRecovered(listener: (name: string) => void): void {
    this.#recoveries.push(listener);
  }

  /** Counts a fault that took effect. */
  injected(kind: string, count = 1): void {
    if (count > 0) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
  }

  /** How often each kind of fault took effect. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
