import { FlotillaError, toFlotillaError } from '@flotilla/errors';
import {
  type ClientMessage,
  decodeLaneRequest,
  encodeClusterMap,
  encodeErrorReply,
  encodeJsonReply,
  encodeReply,
  type LaneRequest,
  readClientFrame,
  ServerFrameWriter,
  type WatchMessage,
} from '@flotilla/kv/protocol';
import { createRoutingTable, type ClusterTopology, uniformVshardMap, vshardOfKey } from '@flotilla/routing';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import type { Connection, Transport } from '@flotilla/transport';
import { MemoryNetwork } from '@flotilla/transport/memory';
import { decodeHello, decodeRefusal, encodeHello, encodeRefusal } from '@flotilla/wire';
import { type ClientOptions, FlotillaClient } from '../index.js';
import { FakeGroup } from './fake-group.js';

/**
 * What a node does with a message instead of serving it: nothing, serve it and tell nobody, refuse it with an error, or serve it
 * and break the connection before the answer.
 */
export type Deed = 'ignore' | 'applySilently' | 'applyAndBreak' | 'break' | FlotillaError | undefined;

const CLUSTER_ID = 'ab'.repeat(16);

/** A node that speaks the protocol and does what the test tells it to. */
export class FakeNode {
  readonly id: number;
  readonly cluster: FakeCluster;
  readonly connections = new Set<Connection>();
  readonly heard: ClientMessage[] = [];
  /** Frames that came. */
  frames = 0;
  clusterId = CLUSTER_ID;
  /** Asked for each message before it is served. */
  script: (message: ClientMessage) => Deed = () => undefined;
  /** Answers requests of the request lane; undefined: as a node would. */
  lane: ((request: LaneRequest) => unknown) | undefined;
  /** Watches that were begun here and not ended. */
  readonly watches = new Map<number, { readonly message: WatchMessage; readonly connection: Connection }>();

  constructor(cluster: FakeCluster, id: number) {
    this.cluster = cluster;
    this.id = id;
  }

  get address(): string {
    return `mem://n${this.id}:1`;
  }

  async listen(): Promise<void> {
    const transport = this.cluster.network.transport(`n${this.id}`, { runtime: this.cluster.world.createRuntime() });
    await transport.listen(this.address, {
      handshake: {
        hello: () => this.#hello(),
        verify: (hello) => void decodeHello(hello),
        refusal: encodeRefusal,
        refused: (bytes) => decodeRefusal(bytes),
      },
      accept: (connection) => this.#accept(connection),
    });
  }

  #hello(): Uint8Array {
    return encodeHello({
      role: 'peer',
      versions: { min: 1, max: 1 },
      clusterId: this.clusterId,
      nodeId: this.id,
      incarnation: '11'.repeat(8),
      clusterEpoch: 1,
      hostEpoch: 1,
      addresses: [this.address],
      capabilities: [],
    });
  }

  #accept(connection: Connection): void {
    this.connections.add(connection);
    connection.attach({
      frames: (frames) => {
        this.frames += frames.length;
        for (const frame of frames) readClientFrame(frame, (message) => this.#serve(connection, message));
      },
      request: async (body) => {
        try {
          return this.#lane(decodeLaneRequest(body));
        } catch (error) {
          return encodeErrorReply(error);
        }
      },
      stream: (stream) => stream.abort(new Error('no streams')),
      drained: () => undefined,
      closed: () => this.connections.delete(connection),
    });
  }

  #lane(request: LaneRequest): Uint8Array {
    const given = this.lane?.(request);
    if (given !== undefined) return encodeJsonReply(given);
    if (request.kind === 'map') return encodeReply(encodeClusterMap(this.cluster.map(this.id)));
    return encodeErrorReply(new FlotillaError('Internal', { message: 'no script', details: { reason: 'no script' } }));
  }

  /** Breaks all connections. */
  break(): void {
    for (const connection of this.connections) connection.destroy(new Error('broken by the test'));
  }

  say(connection: Connection, write: (writer: ServerFrameWriter) => void): void {
    const writer = new ServerFrameWriter();
    write(writer);
    const frame = writer.take();
    if (frame !== undefined) connection.sendFrame(frame);
  }

  #serve(connection: Connection, message: ClientMessage): void {
    this.heard.push(message);
    const deed = this.script(message);
    const { id } = message;
    if (deed === 'ignore') return;
    if (deed instanceof FlotillaError) return this.say(connection, (writer) => writer.error(id, deed));
    if (deed === 'break') return connection.destroy(new Error('broken by the test'));
    if (message.kind === 'watch') this.watches.set(id, { message, connection });
    if (message.kind === 'unwatch') this.watches.delete(id);
    if (message.kind !== 'propose' && message.kind !== 'read') return;
    const answer = this.#answer(message);
    if (deed === 'applySilently') return;
    if (deed === 'applyAndBreak') return connection.destroy(new Error('broken by the test'));
    this.say(connection, answer);
  }

  #answer(message: Extract<ClientMessage, { kind: 'propose' | 'read' }>): (writer: ServerFrameWriter) => void {
    const { id } = message;
    const group = this.cluster.group(message.group);
    try {
      if (group.leader !== this.id && (message.kind === 'propose' || message.consistency === 'linearizable')) {
        throw notLeader(message.group, group.leader);
      }
      if (message.kind === 'read') {
        const answer = Uint8Array.from([0, ...group.read(message.command)]);
        return (writer) => writer.answer(id, answer);
      }
      const body = group.apply(message.envelope);
      return (writer) => writer.answer(id, body);
    } catch (error) {
      return (writer) => writer.error(id, toFlotillaError(error));
    }
  }

  /** Messages of a kind that came. */
  count(kind: ClientMessage['kind']): number {
    return this.heard.filter((message) => message.kind === kind).length;
  }
}

/** The error of a node that does not lead; 0: it does not know who does. */
export function notLeader(group: number, leader: number): FlotillaError {
  return new FlotillaError('NotLeader', {
    message: 'not here',
    details: leader === 0 ? { group } : { group, leader, address: `mem://n${leader}:1` },
  });
}

/** Fake nodes, the groups that they share, and clients of them, in one virtual time. */
export class FakeCluster {
  readonly world: VirtualWorld;
  readonly network: MemoryNetwork;
  readonly nodes: FakeNode[];
  readonly groups: FakeGroup[];
  /** What the next maps tell of leaders; undefined: the truth. */
  mappedLeaders: readonly { readonly group: number; readonly node: number }[] | undefined;
  #clients = 0;

  constructor(nodes: number = 3, groups: number = 2, seed: number = 1) {
    this.world = new VirtualWorld({ seed });
    this.network = new MemoryNetwork({ runtime: this.world.createRuntime(), latency: 1 });
    this.nodes = Array.from({ length: nodes }, (_, at) => new FakeNode(this, at + 1));
    this.groups = Array.from({ length: groups }, (_, at) => new FakeGroup(at + 1, 1 + (at % nodes)));
  }

  static async start(nodes?: number, groups?: number, seed?: number): Promise<FakeCluster> {
    const cluster = new FakeCluster(nodes, groups, seed);
    for (const node of cluster.nodes) await cluster.world.settle(node.listen());
    return cluster;
  }

  node(id: number): FakeNode {
    return this.nodes[id - 1] as FakeNode;
  }

  group(id: number): FakeGroup {
    return this.groups[id - 1] as FakeGroup;
  }

  /** The group that a key belongs to. */
  groupOf(key: string): FakeGroup {
    return this.group(1 + (vshardOfKey(new TextEncoder().encode(key)) % this.groups.length));
  }

  map(nodeId: number): Parameters<typeof encodeClusterMap>[0] {
    const voters = this.nodes.map(({ id }) => id);
    const placement = { incarnation: 0, confIndex: 0, voters, learners: [] };
    const groups = [0, ...this.groups.map(({ group }) => group)].map((group) => ({ group, ...placement }));
    const topology: ClusterTopology = {
      version: 1,
      lastNodeId: this.nodes.length,
      nodes: new Map(
        this.nodes.map(({ id, address }) => [
          id,
          {
            id,
            name: `n${id}`,
            addresses: [address],
            state: 'active',
            incarnation: '11'.repeat(8),
            voter: true,
            versions: { min: 1, max: 1 },
            spkiPins: [],
          },
        ]),
      ),
    };
    const truth = this.groups.filter(({ leader }) => leader !== 0).map(({ group, leader }) => ({ group, node: leader }));
    return {
      nodeId,
      clusterId: this.node(nodeId).clusterId,
      routing: createRoutingTable(groups, uniformVshardMap(this.groups.length)),
      topology,
      leaders: this.mappedLeaders ?? truth,
    };
  }

  clientParts(): { readonly runtime: VirtualRuntime; readonly transports: readonly Transport[] } {
    const runtime = this.world.createRuntime();
    return { runtime, transports: [this.network.transport(`c${++this.#clients}`, { runtime })] };
  }

  connecting(options: Partial<ClientOptions> = {}): Promise<FlotillaClient> {
    return FlotillaClient.connect({
      endpoints: this.nodes.map(({ address }) => address),
      ...this.clientParts(),
      ...options,
    });
  }

  connect(options?: Partial<ClientOptions>): Promise<FlotillaClient> {
    return this.settle(this.connecting(options));
  }

  settle<T>(promise: PromiseLike<T>): Promise<T> {
    return this.world.settle(promise);
  }

  /** The error that a promise rejects with. */
  async failure(promise: Promise<unknown>): Promise<FlotillaError> {
    const outcome = await this.settle(
      promise.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    if (outcome instanceof FlotillaError) return outcome;
    throw new Error(`no FlotillaError: ${String(outcome)}`);
  }

  /** Messages of a kind that all nodes got. */
  heard(kind: ClientMessage['kind']): number {
    return this.nodes.reduce((sum, node) => sum + node.count(kind), 0);
  }
}

