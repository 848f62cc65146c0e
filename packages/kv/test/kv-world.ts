import { ClusterNode, type ClusterNodeConfig, type StateMachine } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import { openStorage } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';
import type { Connection } from '@flotilla/transport';
import { MemoryNetwork } from '@flotilla/transport/memory';
import { decodeRefusal, encodeHello, encodeRefusal, WIRE_VERSIONS } from '@flotilla/wire';
import { KvEndpoint, type KvEndpointOptions } from '../src/endpoint.js';
import { KvGroups } from '../src/index.js';
import {
  answerOf,
  ClientFrameWriter,
  type ClusterMap,
  type CommandAnswer,
  type Consistency,
  decodeAnswer,
  decodeClusterMap,
  decodeReply,
  encodeMapRequest,
  readServerFrame,
  type ServerMessage,
  type WatchMessage,
} from '../src/protocol.js';

/** What the nodes of a world share. */
export interface KvWorldOptions {
  readonly seed?: number;
  readonly config?: Partial<ClusterNodeConfig>;
  readonly endpoint?: Partial<Pick<KvEndpointOptions, 'limits' | 'history'>>;
  readonly wrap: (machine: StateMachine) => StateMachine;
}

/** One node with its endpoint, over a disk that outlives it. */
export class KvWorldNode {
  readonly world: KvWorld;
  readonly name: string;
  runtime!: VirtualRuntime;
  files = new MemoryFiles();
  node!: ClusterNode;
  groups!: KvGroups;
  endpoint!: KvEndpoint;
  up = false;

  constructor(world: KvWorld, name: string) {
    this.world = world;
    this.name = name;
  }

  get address(): string {
    return `mem://${this.name}:1`;
  }

  /** Sets off; resolves once the node listens. */
  async start(): Promise<void> {
    const { virtual, network, options, seeds } = this.world;
    this.runtime = virtual.createRuntime();
    this.groups = new KvGroups(options.wrap);
    const transport = network.transport(this.name, { runtime: this.runtime });
    const storage = await virtual.settle(openStorage({ files: this.files, runtime: this.runtime }));
    this.node = await virtual.settle(
      ClusterNode.start({
        config: { listen: [this.address], seeds, ...options.config },
        transports: [transport],
        log: (worker) => storage.log(worker),
        snapshots: storage.snapshots,
        catalog: storage.catalog,
        runtime: this.runtime,
        stateMachine: this.groups.stateMachine,
      }),
    );
    this.endpoint = new KvEndpoint({
      node: this.node,
      groups: this.groups,
      runtime: this.runtime,
      ...options.endpoint,
    });
    this.up = true;
  }

  /** The process is gone with all that was not on disk (`none`), or with nothing lost that it wrote (`process`). */
  crash(survive: 'process' | 'none' = 'none'): void {
    this.runtime.halt();
    this.world.network.crash(this.name);
    this.files = this.files.crash(survive);
    this.up = false;
  }

  leads(group: number): boolean {
    return this.up && this.node.groupStatuses().some((status) => status.group === group && status.role === 'leader');
  }
}

/** A cluster of key-value nodes, and clients, in one virtual time. */
export class KvWorld {
  readonly options: KvWorldOptions;
  readonly virtual: VirtualWorld;
  readonly network: MemoryNetwork;
  readonly nodes: KvWorldNode[];
  readonly seeds: string[];
  #clients = 0;

  constructor(names: readonly string[], options: KvWorldOptions) {
    this.options = options;
    this.virtual = new VirtualWorld({ seed: options.seed ?? 1 });
    this.network = new MemoryNetwork({ runtime: this.virtual.createRuntime(), latency: 1 });
    this.nodes = names.map((name) => new KvWorldNode(this, name));
    this.seeds = this.nodes.map(({ address }) => address);
  }

  async start(): Promise<void> {
    for (const node of this.nodes) await node.start();
    await this.until(() => this.nodes.every(({ node }) => node.lifecycle.phase === 'ready'));
    await this.until(() => this.dataGroups().length > 0 && this.dataGroups().every((group) => this.settled(group)));
  }

  /** All nodes vote in the group, and one leads it. */
  settled(group: number): boolean {
    return this.leader(group)?.node.groupStatus(group).members.length === this.nodes.length;
  }

  dataGroups(): number[] {
    const groups =
      this.nodes
        .find(({ up }) => up)
        ?.node.routing()
        .groups.keys() ?? [];
    return [...groups].filter((group) => group !== 0);
  }

  /** The node that leads a group by its own word, where exactly one does. */
  leader(group: number): KvWorldNode | undefined {
    const leaders = this.nodes.filter((node) => node.leads(group));
    return leaders.length === 1 ? leaders[0] : undefined;
  }

  until(condition: () => boolean, deadlineMs = 60_000): Promise<void> {
    return this.virtual.runUntil(condition, { deadlineMs });
  }

  settle<T>(promise: PromiseLike<T>, deadlineMs = 60_000): Promise<T> {
    return this.virtual.settle(promise, { deadlineMs });
  }

  client(): RawClient {
    return new RawClient(this, `c${++this.#clients}`);
  }
}

interface Pending {
  resolve(message: ServerMessage): void;
  reject(error: Error): void;
}

/** A client without any cleverness: one connection a node, no retries, no redirects. */
export class RawClient {
  readonly runtime: VirtualRuntime;
  readonly name: string;
  readonly #world: KvWorld;
  readonly #connections = new Map<string, Connection>();
  readonly #pending = new Map<number, Pending>();
  readonly watches = new Map<number, (message: ServerMessage) => void>();
  #nextId = 1;

  constructor(world: KvWorld, name: string) {
    this.#world = world;
    this.name = name;
    this.runtime = world.virtual.createRuntime();
  }

  async connection(node: KvWorldNode): Promise<Connection> {
    const known = this.#connections.get(node.name);
    if (known !== undefined) return known;
    const transport = this.#world.network.transport(this.name, { runtime: this.runtime });
    const hello = encodeHello({
      role: 'client',
      versions: WIRE_VERSIONS,
      clusterId: undefined,
      nodeId: 0,
      incarnation: undefined,
      clusterEpoch: 0,
      hostEpoch: 0,
      addresses: [],
      capabilities: [],
    });
    const handshake = {
      hello: () => hello,
      verify: () => undefined,
      refusal: encodeRefusal,
      refused: (bytes: Uint8Array) => decodeRefusal(bytes),
    };
    const connection = await transport.dial(node.address, { handshake });
    const mine = new Set<number>();
    this.#mine.set(node.name, mine);
    connection.attach({
      frames: (frames) => {
        for (const frame of frames) readServerFrame(frame, (message) => this.#heard(message));
      },
      request: () => Promise.reject(new Error('clients serve nothing')),
      stream: (stream) => stream.abort(new Error('clients serve nothing')),
      drained: () => undefined,
      closed: () => {
        this.#connections.delete(node.name);
        for (const id of mine) {
          const error = new FlotillaError('ConnectionClosed', {
            message: node.name,
            details: { address: node.address },
          });
          this.#pending.get(id)?.reject(error);
          this.#pending.delete(id);
        }
      },
    });
    this.#connections.set(node.name, connection);
    return connection;
  }
  readonly #mine = new Map<string, Set<number>>();

  #heard(message: ServerMessage): void {
    if (message.kind !== 'answer') return this.watches.get(message.id)?.(message);
    this.#pending.get(message.id)?.resolve(message);
    this.#pending.delete(message.id);
  }

  async #request(
    node: KvWorldNode,
    write: (writer: ClientFrameWriter, id: number) => void,
  ): Promise<CommandAnswer | undefined> {
    const connection = await this.connection(node);
    const id = this.#nextId++;
    const writer = new ClientFrameWriter();
    write(writer, id);
    const message = await new Promise<ServerMessage>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#mine.get(node.name)?.add(id);
      if (!connection.sendFrame(writer.take()!)) reject(new Error('the queue is full'));
    });
    if (message.kind !== 'answer') throw new Error(message.kind);
    const body = answerOf(message.body);
    return body.length === 0 ? undefined : decodeAnswer(body);
  }

  /** Proposes at a node; the answer is undefined for what opens or ends a session. */
  propose(node: KvWorldNode, group: number, envelope: Uint8Array): Promise<CommandAnswer | undefined> {
    return this.#request(node, (writer, id) => writer.propose(id, group, envelope));
  }

  async read(node: KvWorldNode, group: number, consistency: Consistency, command: Uint8Array): Promise<CommandAnswer> {
    const answer = await this.#request(node, (writer, id) => writer.read(id, group, consistency, command));
    if (answer === undefined) throw new Error('a read without an answer');
    return answer;
  }

  async watch(
    node: KvWorldNode,
    message: Omit<WatchMessage, 'kind' | 'id'>,
    heard: (message: ServerMessage) => void,
  ): Promise<number> {
    const connection = await this.connection(node);
    const id = this.#nextId++;
    this.watches.set(id, heard);
    const writer = new ClientFrameWriter();
    writer.watch({ id, ...message });
    connection.sendFrame(writer.take()!);
    return id;
  }

  async map(node: KvWorldNode): Promise<ClusterMap> {
    const connection = await this.connection(node);
    return decodeClusterMap(decodeReply(await connection.request(encodeMapRequest())));
  }
}
