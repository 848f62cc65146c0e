import { ClusterNode, type ClusterNodeConfig, SessionStateMachine } from '@flotilla/cluster';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint, type KvEndpointOptions } from '@flotilla/kv/endpoint';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import { openStorage } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';
import { MemoryNetwork, uniformDelay } from '@flotilla/transport/memory';
import { type ClientOptions, FlotillaAdmin, FlotillaClient } from '../src/index.js';

/** What all nodes of a cluster are told. */
export interface RealClusterOptions {
  readonly seed?: number;
  readonly config?: Partial<ClusterNodeConfig>;
  readonly endpoint?: Partial<Pick<KvEndpointOptions, 'limits' | 'history'>>;
}

class RealNode {
  readonly name: string;
  readonly #cluster: RealCluster;
  #files = new MemoryFiles();
  #runtime: VirtualRuntime | undefined;
  node: ClusterNode | undefined;

  constructor(cluster: RealCluster, name: string) {
    this.#cluster = cluster;
    this.name = name;
  }

  get address(): string {
    return `mem://${this.name}:1`;
  }

  async start(): Promise<void> {
    const { world, network, options, seeds } = this.#cluster;
    const runtime = world.createRuntime();
    const groups = new KvGroups((machine) => new SessionStateMachine(machine));
    const storage = await openStorage({ files: this.#files, runtime });
    const node = await ClusterNode.start({
      config: { nodeName: this.name, listen: [this.address], seeds, numGroups: 3, ...options.config },
      transports: [network.transport(this.name, { runtime })],
      log: (worker) => storage.log(worker),
      snapshots: storage.snapshots,
      catalog: storage.catalog,
      runtime,
      stateMachine: groups.stateMachine,
    });
    // It serves for as long as the node lives.
    new KvEndpoint({ node, groups, runtime, ...options.endpoint });
    this.#runtime = runtime;
    this.node = node;
  }

  /** The machine is gone, and with it all that was not durable. */
  crash(): void {
    this.#runtime?.halt();
    this.#cluster.network.crash(this.name);
    this.#files = this.#files.crash('none');
    this.node = undefined;
  }

  leads(group: number): boolean {
    return this.node?.groupStatuses().some((status) => status.group === group && status.role === 'leader') === true;
  }
}

/** Three real nodes over real engines, in virtual time, whose machines can crash. */
export class RealCluster {
  readonly options: RealClusterOptions;
  readonly world: VirtualWorld;
  readonly network: MemoryNetwork;
  readonly nodes: readonly RealNode[];
  readonly seeds: readonly string[];
  #clients = 0;

  private constructor(options: RealClusterOptions) {
    this.options = options;
    this.world = new VirtualWorld({ seed: options.seed ?? 1 });
    this.network = new MemoryNetwork({
      runtime: this.world.createRuntime(),
      seed: options.seed ?? 1,
      latency: uniformDelay(0.2, 2),
    });
    this.nodes = ['n1', 'n2', 'n3'].map((name) => new RealNode(this, name));
    this.seeds = this.nodes.map(({ address }) => address);
  }

  static async start(options: RealClusterOptions = {}): Promise<RealCluster> {
    const cluster = new RealCluster(options);
    for (const node of cluster.nodes) await cluster.settle(node.start());
    await cluster.settled();
    return cluster;
  }

  /** Waits until every group has a leader and three voters. */
  settled(): Promise<void> {
    return this.world.runUntil(
      () => this.#groups().length > 1 && this.#groups().every((group) => this.#isSettled(group)),
    );
  }

  #groups(): number[] {
    return [
      ...(this.nodes
        .find(({ node }) => node !== undefined)
        ?.node?.routing()
        .groups.keys() ?? []),
    ];
  }

  #isSettled(group: number): boolean {
    const status = this.leader(group)
      ?.node?.groupStatuses()
      .find((each) => each.group === group);
    return status !== undefined && status.members.length === 3;
  }

  /** The node that leads a group by its own word. */
  leader(group: number): RealNode | undefined {
    return this.nodes.find((node) => node.leads(group));
  }

  named(name: string): RealNode {
    const node = this.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  connect(options: Partial<ClientOptions> = {}): Promise<FlotillaClient> {
    return this.settle(FlotillaClient.connect({ ...this.#parts(), ...options }));
  }

  admin(): FlotillaAdmin {
    return FlotillaAdmin.open(this.#parts());
  }

  #parts(): Pick<ClientOptions, 'endpoints' | 'runtime' | 'transports'> {
    const runtime = this.world.createRuntime();
    const transports = [this.network.transport(`client${++this.#clients}`, { runtime })];
    return { endpoints: this.seeds, runtime, transports };
  }

  settle<T>(promise: PromiseLike<T>, deadlineMs: number = 300_000): Promise<T> {
    return this.world.settle(promise, { deadlineMs });
  }
}
