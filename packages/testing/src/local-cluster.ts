import { utf8Encode } from '@flotilla/bytes';
import { FlotillaClient } from '@flotilla/client';
import type { ClusterEvent, ClusterNode, ClusterNodeConfig } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import { groupOfVshard, vshardOfKey } from '@flotilla/routing';
import { delay, type Runtime } from '@flotilla/runtime';
import { systemRuntime } from '@flotilla/runtime/system';
import { MemoryNetwork } from '@flotilla/transport/memory';
import { type LocalDisk, MemoryDisk } from './local-disk.js';
import { LocalNode } from './local-node.js';

/** How a local cluster is made. Everything may be left out. */
export interface LocalClusterOptions {
  /** How many nodes start (default 3). They are called n1, n2, … */
  readonly nodes?: number;
  /** What all nodes are told beside addresses and seeds. */
  readonly config?: Partial<Omit<ClusterNodeConfig, 'nodeId' | 'listen' | 'advertise' | 'seeds'>>;
  /** Clock, turns and chance of all nodes (default: the system's own). */
  readonly runtime?: Runtime;
  /** The network between the nodes (default: one in memory, without faults; it can be given some). */
  readonly network?: MemoryNetwork;
  /** The disk of a node (default: one in memory). */
  readonly disk?: (name: string) => LocalDisk;
  readonly onEvent?: (node: string, event: ClusterEvent) => void;
}

/** How often a condition is looked at (ms). */
const POLL_MS = 10;
/** A condition that does not hold within so long never will (ms). */
const DEADLINE_MS = 60_000;

/**
 * A whole cluster in one process: real nodes with real engines, over a network and disks in memory, and a client. Nodes can be stopped,
 * crashed, restarted, wiped and added, links cut and healed, as in a fault test or a demonstration.
 */
export class LocalCluster implements AsyncDisposable {
  readonly network: MemoryNetwork;
  readonly #runtime: Runtime;
  readonly #options: LocalClusterOptions;
  readonly #nodes = new Map<string, LocalNode>();
  readonly #disks = new Map<string, LocalDisk>();
  readonly #seeds: readonly string[];
  #client: FlotillaClient | undefined;

  private constructor(options: LocalClusterOptions) {
    this.#options = options;
    this.#runtime = options.runtime ?? systemRuntime;
    this.network = options.network ?? new MemoryNetwork({ runtime: this.#runtime });
    const size = options.nodes ?? 3;
    if (!Number.isSafeInteger(size) || size < 1) throw invalid('nodes', `${size} is no number from 1 on`);
    const names = Array.from({ length: size }, (_, at) => `n${at + 1}`);
    this.#seeds = names.map(addressOf);
    for (const name of names) this.#make(name);
  }

  /** Starts the nodes and a client; resolves once all are ready and every group has all its voters and a leader. */
  static async start(options: LocalClusterOptions = {}): Promise<LocalCluster> {
    const cluster = new LocalCluster(options);
    try {
      for (const node of cluster.#nodes.values()) await node.start();
      await cluster.settled();
      cluster.#client = await cluster.connect();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** A client that knows all nodes. It lives as long as the cluster. */
  get client(): FlotillaClient {
    if (this.#client === undefined) throw invalid('client', 'the cluster is stopped');
    return this.#client;
  }

  /** One more client. The caller closes it. */
  connect(): Promise<FlotillaClient> {
    return FlotillaClient.connect({
      endpoints: this.#seeds,
      transports: [this.network.transport('client', { runtime: this.#runtime })],
      runtime: this.#runtime,
    });
  }

  /** Names of all nodes, in order of making. */
  get names(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** A node that is up. @throws {FlotillaError} NotReady while it is down; InvalidArgument for an unknown name */
  node(name: string): ClusterNode {
    return this.#named(name).node;
  }

  /** The node that leads the group of a key; waits until there is one. Rejects with Timeout. */
  async leader(key: string | Uint8Array): Promise<string> {
    const vshard = vshardOfKey(typeof key === 'string' ? utf8Encode(key) : key);
    let found: string | undefined;
    await this.until('a leader', () => {
      found = this.#leaderOfVshard(vshard);
      return found !== undefined;
    });
    return found ?? '';
  }

  #leaderOfVshard(vshard: number): string | undefined {
    for (const { name, node } of this.#up()) {
      const group = groupOfVshard(node.routing(), vshard);
      const leads = node.groupStatuses().some((status) => status.group === group && status.role === 'leader');
      if (leads) return name;
    }
    return undefined;
  }

  /** The process of a node dies, with all its connections; its disk keeps what was written. */
  async crash(name: string): Promise<void> {
    await this.#named(name).crash();
  }

  /** Stops a node in good order. */
  async stopNode(name: string): Promise<void> {
    await this.#named(name).stop();
  }

  /** Starts a node that is down over what its disk holds; resolves once it is ready. */
  async restart(name: string): Promise<void> {
    const node = this.#named(name);
    await node.start();
    await node.node.whenReady();
  }

  /** Empties the disk of a node that is down. It cannot come back as the node that it was. */
  async wipe(name: string): Promise<void> {
    const node = this.#named(name);
    if (node.isUp) throw invalid('name', `node ${name} is up: crash or stop it first`);
    await this.#disks.get(name)?.wipe();
  }

  /** Adds a node; resolves with its name once it is ready. */
  async addNode(): Promise<string> {
    const name = `n${this.#nodes.size + 1}`;
    await this.#make(name).start();
    await this.node(name).whenReady();
    return name;
  }

  /** Waits until all nodes that are up are ready and every group has a leader, all its voters and no learner on its way. Rejects with Timeout. */
  async settled(): Promise<void> {
    await Promise.all(this.#up().map(({ node }) => node.whenReady()));
    await this.until('settled groups', () => this.#isSettled());
  }

  #isSettled(): boolean {
    const nodes = this.#up().map(({ node }) => node);
    const [first] = nodes;
    if (first === undefined) return true;
    const wanted = Math.min(this.#options.config?.replicationFactor ?? 3, nodes.length);
    return [...first.routing().groups.keys()].every((group) =>
      nodes.some((node) => {
        const status = node.groupStatuses().find((each) => each.group === group && each.role === 'leader');
        return status !== undefined && status.members.length >= wanted && status.learners.length === 0;
      }),
    );
  }

  /** Waits for a condition. Rejects with Timeout, naming `what`. */
  async until(what: string, condition: () => boolean, deadlineMs: number = DEADLINE_MS): Promise<void> {
    const endMs = this.#runtime.now() + deadlineMs;
    while (!condition()) {
      if (this.#runtime.now() >= endMs) {
        throw new FlotillaError('Timeout', {
          message: `${what} did not come within ${deadlineMs} ms`,
          details: { operation: what, ms: deadlineMs },
        });
      }
      await delay(this.#runtime, POLL_MS);
    }
  }

  /** Stops client and nodes. Idempotent. */
  async stop(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    await Promise.all([...this.#nodes.values()].map((node) => node.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #make(name: string): LocalNode {
    const disk = this.#options.disk?.(name) ?? new MemoryDisk(this.#runtime);
    const node = new LocalNode({
      name,
      address: addressOf(name),
      seeds: this.#seeds,
      config: this.#options.config ?? {},
      runtime: this.#runtime,
      transport: () => this.network.transport(name, { runtime: this.#runtime }),
      cut: () => this.network.crash(name),
      disk,
      onEvent: this.#options.onEvent,
    });
    this.#disks.set(name, disk);
    this.#nodes.set(name, node);
    return node;
  }

  #up(): LocalNode[] {
    return [...this.#nodes.values()].filter((node) => node.isUp);
  }

  #named(name: string): LocalNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw invalid('name', `there is no node ${name}; there are ${this.names.join(', ')}`);
    return node;
  }
}

function addressOf(name: string): string {
  return `mem://${name}:1`;
}

function invalid(argument: string, reason: string): FlotillaError {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument, reason } });
}
