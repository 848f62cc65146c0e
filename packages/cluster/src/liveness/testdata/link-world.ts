import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import type { Connection, TlsIdentity } from '@flotilla/transport';
import { MemoryNetwork } from '@flotilla/transport/memory';
import { FrameKind, WIRE_VERSIONS } from '@flotilla/wire';
import type { PeerEvent } from '../peer-event.js';
import { PeerLinks } from '../peer-links.js';

export const CLUSTER = 'aa'.repeat(16);

export const incarnationOf = (id: number): string => id.toString(16).padStart(16, '0');

export const addressOf = (id: number): string => `mem://n${id}:1`;

/** A node that has links and nothing else. */
export class LinkNode {
  readonly links: PeerLinks;
  readonly runtime: VirtualRuntime;
  readonly frames: string[] = [];
  readonly control: Uint8Array[] = [];
  readonly states: string[] = [];
  readonly events: PeerEvent[] = [];
  readonly clients: Connection[] = [];
  readonly strangers: string[] = [];
  readonly dials: string[] = [];
  readonly epochs: number[] = [];
  disowned: FlotillaError | undefined;
  unreachable: ((node: number) => void) | undefined;
  clusterId: string | undefined = CLUSTER;
  hostEpoch: number;

  constructor(
    world: LinkWorld,
    id: number,
    hostEpoch: number,
    tls: TlsIdentity | undefined,
    addresses: readonly string[] = [addressOf(id)],
  ) {
    this.runtime = world.virtual.createRuntime();
    const transport = world.network.transport(`n${id}`, {
      runtime: this.runtime,
      ...(tls === undefined ? {} : { tls }),
    });
    const { dial } = transport;
    transport.dial = (address, options) => {
      this.dials.push(address);
      return dial.call(transport, address, options);
    };
    this.hostEpoch = hostEpoch;
    this.links = new PeerLinks({
      runtime: this.runtime,
      transports: [transport],
      directory: (node) => world.directory.get(node),
      identity: () => ({
        clusterId: this.clusterId,
        nodeId: this.clusterId === undefined ? 0 : id,
        incarnation: incarnationOf(id),
        clusterEpoch: 10 + id,
        hostEpoch: this.hostEpoch,
        addresses,
      }),
      serve: async ({ node }, body) => utf8Encode(`${utf8Decode(body)} from ${node}`),
      control: (_, frame) => this.control.push(frame),
      stranger: async (request) => {
        this.strangers.push(utf8Decode(await request(utf8Encode('who are you'), new AbortController().signal)));
        world.learned?.();
        this.links.setPeers([...world.directory.values()].filter((info) => info.id !== id));
      },
      client: (connection) => this.clients.push(connection),
      epochSeen: (epoch) => this.epochs.push(epoch),
      connected: (node) => this.states.push(`+${node}`),
      broken: (node) => this.states.push(`-${node}`),
      reconnected: (node) => this.states.push(`=${node}`),
      disowned: (error) => (this.disowned = error),
      unreachable: (node) => this.unreachable?.(node),
      onEvent: (event) => this.events.push(event),
    });
    this.links.network(0).attach({
      frames: (node, frames) => frames.forEach((frame) => this.frames.push(`${node}:${utf8Decode(frame.subarray(1))}`)),
      connected: () => undefined,
      broken: () => undefined,
      snapshotStream: (node, stream) => {
        void (async () => {
          let text = '';
          for await (const chunk of stream) text += utf8Decode(chunk);
          stream.answer(utf8Encode(`${node} sent ${text}`));
        })();
      },
    });
  }

  send(to: number, text: string): boolean {
    return this.links.network(0).send(to, new Uint8Array([FrameKind.RaftBatch, ...utf8Encode(text)]));
  }
}

/** Nodes that have links and nothing else, over a memory network in virtual time. */
export class LinkWorld {
  readonly virtual = new VirtualWorld({ seed: 7 });
  readonly network = new MemoryNetwork({ runtime: this.virtual.createRuntime(), latency: 2 });
  readonly directory = new Map<number, NodeInfo>();
  /** What a node does once it asked a stranger. */
  learned: (() => void) | undefined;

  constructor(...ids: number[]) {
    for (const id of ids) this.know(id);
  }

  know(id: number, more: Partial<NodeInfo> = {}): void {
    const common = { name: undefined, state: 'active' as const, voter: true, versions: WIRE_VERSIONS, spkiPins: [] };
    this.directory.set(id, { id, addresses: [addressOf(id)], incarnation: incarnationOf(id), ...common, ...more });
  }

  async start(id: number, hostEpoch = 1, tls?: TlsIdentity): Promise<LinkNode> {
    const node = new LinkNode(this, id, hostEpoch, tls);
    await this.virtual.settle(node.links.listen(addressOf(id)));
    return node;
  }

  /** A node that listens nowhere, such as a page. */
  startPage(id: number, hostEpoch = 1): LinkNode {
    this.know(id, { addresses: [], voter: false, state: 'learner' });
    return new LinkNode(this, id, hostEpoch, undefined, []);
  }

  link(...nodes: [number, LinkNode][]): void {
    for (const [id, node] of nodes) node.links.setPeers([...this.directory.values()].filter((info) => info.id !== id));
  }
}
