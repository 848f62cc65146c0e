import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { NodeInfo } from '@flotilla/routing';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import type { Connection, TlsIdentity } from '@flotilla/transport';
import { MemoryNetwork } from '@flotilla/transport/memory';
import { encodeHello, FrameKind, WIRE_VERSIONS } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import type { PeerEvent } from './peer-event.js';
import { DEFAULT_LINK_TIMING } from './peer-links-options.js';
import { PeerLinks } from './peer-links.js';

const CLUSTER = 'aa'.repeat(16);
const incarnationOf = (id: number) => id.toString(16).padStart(16, '0');
const addressOf = (id: number) => `mem://n${id}:1`;

/** A node that has links and nothing else. */
class LinkNode {
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

class LinkWorld {
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

describe('links between nodes', () => {
  test('both sides dial, and one connection stays: the one that the lower id dialled', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect([one.states, two.states]).toEqual([['+2'], ['+1']]);
    expect(one.send(2, 'a') && two.send(1, 'b')).toBe(true);
    await world.virtual.advance(100);
    expect([one.frames, two.frames]).toEqual([['2:b'], ['1:a']]);
    expect(one.epochs).toContain(12);
  });

  test('when both dials cross, nobody loses the other', async () => {
    for (const ms of [0, 1, 2, 3, 4, 5]) {
      const world = new LinkWorld(1, 2);
      const one = await world.start(1);
      const two = await world.start(2);
      world.network.disconnect('n1', 'n2');
      world.link([1, one], [2, two]);
      await world.virtual.advance(3_000 + ms);
      world.network.reconnect('n1', 'n2');
      await world.virtual.advance(8_000);
      expect(one.links.isConnected(2) && two.links.isConnected(1)).toBe(true);
      const before = [one.states.length, two.states.length];
      expect(one.send(2, 'a') && two.send(1, 'b')).toBe(true);
      await world.virtual.advance(5_000);
      expect([one.frames, two.frames]).toEqual([['2:b'], ['1:a']]);
      expect([one.states.length, two.states.length]).toEqual(before);
    }
  });

  test('a broken connection is told at once and dialled again', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    world.network.breakConnections('n1', 'n2', { inFlight: 'dropped' });
    await world.virtual.advance(20);
    expect(one.states.slice(0, 2)).toEqual(['+2', '-2']);
    await world.virtual.runUntil(() => one.links.isConnected(2) && two.links.isConnected(1));
    expect(one.links.report()).toMatchObject([{ node: 2, connected: true, error: undefined }]);
  });

  test('a peer that started again is linked anew, also where its old connection seems to live', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    two.runtime.halt();
    world.network.crash('n2', { peers: 'silence' });
    expect(one.links.isConnected(2)).toBe(true);
    const again = await world.start(2, 2);
    world.link([2, again]);
    await world.virtual.runUntil(() => again.links.isConnected(1));
    await world.virtual.advance(100);
    one.send(2, 'hello again');
    await world.virtual.advance(100);
    expect(again.frames).toEqual(['1:hello again']);
  });

  test('a node without an address is reached over the connection that it opened', async () => {
    const world = new LinkWorld(1, 2);
    world.know(2, { addresses: [] });
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(2_000);
    expect(one.send(2, 'found')).toBe(true);
    await world.virtual.advance(100);
    expect(two.frames).toEqual(['1:found']);
  });

  test('a node that listens nowhere dials at once, whatever its id, and both sides send over what it dialled', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const page = world.startPage(9);
    world.link([1, one], [9, page]);
    await world.virtual.advance(20);
    expect([one.states, page.states]).toEqual([['+9'], ['+1']]);
    expect(one.send(9, 'a') && page.send(1, 'b')).toBe(true);
    await world.virtual.advance(20);
    expect([one.frames, page.frames]).toEqual([['9:b'], ['1:a']]);
    expect(one.dials.filter((address) => address !== addressOf(2))).toEqual([]);
  });

  test('nobody looks for a learner that listens nowhere: not at the seeds either, nor do two of them for each other', async () => {
    const world = new LinkWorld(1);
    const one = await world.start(1);
    const page = world.startPage(8);
    const other = world.startPage(9);
    world.link([1, one], [8, page], [9, other]);
    for (const node of [one, page, other]) node.links.setSeeds(['mem://anywhere:1']);
    await world.virtual.advance(5_000);
    expect(one.states).toEqual(['+8', '+9']);
    for (const node of [one, page, other]) node.dials.length = 0;
    await world.virtual.settle(page.links.close());
    await world.virtual.advance(60_000);
    expect(one.states).toEqual(['+8', '+9', '-8']);
    expect([one.dials, other.dials]).toEqual([[], []]);
    expect(one.links.report().find(({ node }) => node === 8)).toMatchObject({ connected: false });
  });

  test('a page that is reloaded wins over its own half-open connection', async () => {
    const world = new LinkWorld(1);
    const one = await world.start(1);
    const page = world.startPage(9);
    world.link([1, one], [9, page]);
    await world.virtual.advance(100);
    const reloaded = world.startPage(9, 2);
    world.link([9, reloaded]);
    await world.virtual.advance(100);
    expect(one.states).toEqual(['+9', '-9', '+9']);
    expect(one.send(9, 'to the new one')).toBe(true);
    await world.virtual.advance(100);
    expect(reloaded.frames).toEqual(['1:to the new one']);
  });

  test('members that moved are found behind the seeds, whoever answers there', async () => {
    const world = new LinkWorld(1, 2, 3);
    world.know(2, { addresses: ['mem://elsewhere:9'] });
    world.know(3, { addresses: ['mem://n2:1'] });
    const one = await world.start(1);
    const two = await world.start(2);
    const three = await world.start(3);
    world.link([1, one]);
    two.links.setPeers([]);
    three.links.setPeers([]);
    one.links.setSeeds(['mem://n1:1', 'mem://n2:1', 'mem://n3:1']);
    two.links.setPeers([{ id: 1, addresses: [] }]);
    three.links.setPeers([{ id: 1, addresses: [] }]);
    await world.virtual.runUntil(() => one.links.isConnected(2) && one.links.isConnected(3));
  });

  test('a member that is not known here is asked what it knows, and let in once it is known', async () => {
    const world = new LinkWorld(1);
    const one = await world.start(1);
    const two = await world.start(2);
    world.learned = () => world.know(2);
    two.links.setPeers([{ id: 1, addresses: [addressOf(1)] }]);
    world.link([1, one]);
    await world.virtual.runUntil(() => one.links.isConnected(2));
    expect(one.strangers).toEqual(['who are you from 1']);
    expect(two.send(1, 'I am one of you')).toBe(true);
    await world.virtual.runUntil(() => one.frames.length === 1);
  });

  test('a stranger that does not become known is not let in, and nothing that it sends is taken', async () => {
    const world = new LinkWorld(1);
    const one = await world.start(1);
    const two = await world.start(2);
    two.links.setPeers([{ id: 1, addresses: [addressOf(1)] }]);
    world.link([1, one]);
    await world.virtual.runUntil(() => two.links.isConnected(1));
    two.send(1, 'I am one of you');
    await world.virtual.advance(3_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(one.frames).toEqual([]);
  });

  test('a stranger is held to what became known of it after its hello and before it was let in', async () => {
    for (let ms = 0; ms < 20; ms++) {
      const world = new LinkWorld(1);
      const one = await world.start(1);
      const two = await world.start(2);
      two.links.setPeers([{ id: 1, addresses: [addressOf(1)] }]);
      world.link([1, one]);
      await world.virtual.advance(DEFAULT_LINK_TIMING.higherIdWaitsMs + ms);
      world.know(2, { incarnation: 'f'.repeat(16) });
      await world.virtual.advance(2_000);
      expect([ms, one.links.isConnected(2), one.states]).toEqual([ms, false, []]);
    }
  });

  test('links that were closed while a stranger was asked dial nobody', async () => {
    const world = new LinkWorld(1);
    const one = await world.start(1);
    const two = await world.start(2);
    let closing: Promise<void> | undefined;
    world.learned = () => {
      world.know(2);
      closing = one.links.close();
    };
    two.links.setPeers([{ id: 1, addresses: [addressOf(1)] }]);
    world.link([1, one]);
    await world.virtual.runUntil(() => closing !== undefined);
    await world.virtual.settle(closing ?? Promise.resolve());
    await world.virtual.settle(two.links.close());
    await world.virtual.advance(5_000);
    expect(one.dials).toEqual([]);
    expect(one.links.report()).toEqual([]);
  });

  test('a seed that leads to a member which is linked leaves its connection alone', async () => {
    const world = new LinkWorld(1, 2, 3);
    const one = await world.start(1);
    const two = await world.start(2);
    await world.virtual.settle(two.links.listen('mem://n2:99'));
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    one.links.setSeeds(['mem://n2:99']);
    await world.virtual.advance(10_000);
    expect([one.states, two.states]).toEqual([['+2'], ['+1']]);
    const three = await world.start(3);
    world.link([3, three]);
    await world.virtual.runUntil(() => one.links.isConnected(3));
  });

  test('requests are answered, and fail definitely where there is no link', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    const { signal } = new AbortController();
    await expect(one.links.request(2, utf8Encode('hi'), signal)).rejects.toMatchObject({
      code: 'Unreachable',
      outcome: 'definite',
    });
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    const answer = await world.virtual.settle(one.links.request(2, utf8Encode('hi'), signal));
    expect(utf8Decode(answer)).toBe('hi from 1');
  });

  test('snapshot streams reach the loop of the other side', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    const sent = (async () => {
      const stream = await one.links
        .network(0)
        .openSnapshotStream(2, utf8Encode('header'), new AbortController().signal);
      await stream.write(utf8Encode('all of it'));
      return utf8Decode(await stream.finish());
    })();
    expect(await world.virtual.settle(sent)).toBe('1 sent all of it');
  });

  test('a node of another cluster, and one with another disk, are refused by both sides', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    two.clusterId = 'bb'.repeat(16);
    world.link([1, one], [2, two]);
    await world.virtual.advance(3_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(one.links.report()[0]?.error).toMatch(/WrongCluster/);
    two.clusterId = CLUSTER;
    world.know(2, { incarnation: 'f'.repeat(16) });
    await world.virtual.advance(3_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(two.disowned).toMatchObject({ code: 'UnknownIncarnation', details: { node: 2 } });
  });

  test('frames that are no Raft batches go elsewhere, and the order of batches stays', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    one.send(2, 'first');
    one.links.sendControl(2, new Uint8Array([FrameKind.HostHeartbeat, 1]));
    one.send(2, 'second');
    await world.virtual.advance(100);
    expect(two.frames).toEqual(['1:first', '1:second']);
    expect(two.control).toEqual([new Uint8Array([FrameKind.HostHeartbeat, 1])]);
  });

  test('a node that is no longer named loses its link, and is not dialled again', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    world.know(2, { state: 'decommissioned' });
    one.links.setPeers([]);
    await world.virtual.advance(5_000);
    expect(one.links.report()).toEqual([]);
    expect(one.states).toEqual(['+2', '-2']);
    expect(two.links.isConnected(1)).toBe(false);
  });

  test('after the disk failed all links break, and nobody gets in any more', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    one.links
      .network(0)
      .breakAll(new FlotillaError('StorageFailed', { message: 'gone', details: { operation: 'append' } }));
    await world.virtual.advance(3_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(two.links.isConnected(1)).toBe(false);
    expect(two.states).toEqual(['+1', '-1']);
  });

  test('clients are handed over; a joiner may ask and nothing else', async () => {
    const world = new LinkWorld(1);
    const one = await world.start(1);
    const runtime = world.virtual.createRuntime();
    const transport = world.network.transport('client', { runtime });
    const handshake = {
      hello: () =>
        encodeHello({
          role: 'client',
          versions: WIRE_VERSIONS,
          clusterId: undefined,
          nodeId: 0,
          incarnation: undefined,
          clusterEpoch: 0,
          hostEpoch: 0,
          addresses: [],
          capabilities: [],
        }),
      verify: () => undefined,
      refusal: () => new Uint8Array(0),
      refused: () => new Error('refused'),
    };
    const dialling = transport.dial(addressOf(1), { handshake });
    void dialling.catch(() => undefined);
    await world.virtual.runUntil(() => one.clients.length === 1);
    const joiner = await world.start(9);
    joiner.clusterId = undefined;
    const link = await world.virtual.settle(joiner.links.dialForJoin(addressOf(1), new AbortController().signal));
    expect(link.hello).toMatchObject({ clusterId: CLUSTER, nodeId: 1 });
    const answer = await world.virtual.settle(link.request(utf8Encode('let me in'), new AbortController().signal));
    expect(utf8Decode(answer)).toBe('let me in from 0');
    link.close();
  });
});

describe('links between nodes with certificates', () => {
  const certificate = (key: number, ...names: string[]): TlsIdentity => ({
    spkiSha256: new Uint8Array(32).fill(key),
    names,
  });
  const pin = (key: number): string => key.toString(16).padStart(2, '0').repeat(32);

  test.each<[string, TlsIdentity, TlsIdentity, boolean]>([
    ['their own', certificate(1, 'node-1.node.flotilla'), certificate(2, 'node-2.node.flotilla'), true],
    ['any of the authority', certificate(1, 'node.flotilla'), certificate(2, 'node.flotilla'), true],
    ["another node's, where it dials", certificate(1, 'node-3.node.flotilla'), certificate(2, 'node.flotilla'), false],
    [
      "another node's, where it listens",
      certificate(1, 'node.flotilla'),
      certificate(2, 'node-1.node.flotilla'),
      false,
    ],
    ["a client's", certificate(1, 'node.flotilla'), certificate(2, 'ann', 'client.flotilla'), false],
  ])('are there with certificates of %s or not at all', async (_, ofOne, ofTwo, linked) => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1, 1, ofOne);
    const two = await world.start(2, 1, ofTwo);
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect([one.links.isConnected(2), two.links.isConnected(1)]).toEqual([linked, linked]);
    const refused = [...one.events, ...two.events].filter((event) => event.name === 'peer.refused');
    expect(refused.length > 0).toBe(!linked);
    const [link] = one.links.report();
    if (!linked) expect(link?.error).toContain('certificate');
  });

  test('a key off the record is refused on both sides, until it is put on it; one that is taken off breaks the link', async () => {
    const world = new LinkWorld();
    world.know(1, { spkiPins: [pin(1)] });
    world.know(2, { spkiPins: [pin(9)] });
    const one = await world.start(1, 1, certificate(1, 'node.flotilla'));
    const two = await world.start(2, 1, certificate(2, 'node.flotilla'));
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect(one.links.isConnected(2)).toBe(false);
    expect(two.links.isConnected(1)).toBe(false);
    expect(one.links.report()[0]?.error).toContain(`members pin 2 --add ${pin(2)}`);
    world.know(2, { spkiPins: [pin(9), pin(2)] });
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect(one.links.isConnected(2)).toBe(true);
    world.know(2, { spkiPins: [pin(2)] });
    world.link([1, one], [2, two]);
    await world.virtual.advance(1_000);
    expect(one.states).toEqual(['+2']);
    world.know(2, { spkiPins: [pin(9)] });
    world.link([1, one], [2, two]);
    await world.virtual.advance(5_000);
    expect([one.states, two.states]).toEqual([
      ['+2', '-2'],
      ['+1', '-1'],
    ]);
  });
});

describe('a node with several addresses', () => {
  /** Two has a second address, and what is dialled at its first is not answered. */
  async function start(): Promise<{ world: LinkWorld; one: LinkNode; two: LinkNode }> {
    const world = new LinkWorld(1, 2);
    world.know(2, { addresses: ['mem://nowhere:1', 'other://n2:9', addressOf(2)] });
    const one = await world.start(1);
    const two = await world.start(2);
    return { world, one, two };
  }

  test('is dialled at each that this node speaks, and told to be gone only when nobody is at any', async () => {
    const { world, one, two } = await start();
    const gone: number[] = [];
    one.unreachable = (node) => gone.push(node);
    one.links.setPeers([{ id: 2, addresses: ['mem://nowhere:1', 'other://n2:9', addressOf(2)] }]);
    await world.virtual.advance(1_000);
    expect(one.states).toEqual(['+2']);
    expect(one.links.report()[0]?.address).toBe(addressOf(2));
    expect(gone).toEqual([]);
    await world.virtual.settle(two.links.close());
    await world.virtual.advance(1_000);
    expect(one.states).toEqual(['+2', '-2']);
    expect(new Set(gone)).toEqual(new Set([2]));
  });

  test('is not looked for at the next where it answers that it is not ready', async () => {
    const world = new LinkWorld(1, 2);
    const one = await world.start(1);
    const two = await world.start(2);
    two.clusterId = undefined;
    one.links.setPeers([{ id: 2, addresses: [addressOf(2), 'mem://second:1'] }]);
    await world.virtual.advance(1_000);
    expect(one.dials.length).toBeGreaterThan(1);
    two.clusterId = CLUSTER;
    await world.virtual.advance(1_000);
    expect(one.states).toEqual(['+2']);
    expect(new Set(one.dials)).toEqual(new Set([addressOf(2)]));
  });

  test('an address that this node has no transport for is one where nobody can be found, also to join', async () => {
    const { world, one } = await start();
    const dialled = one.links
      .dialForJoin('other://n2:9', new AbortController().signal)
      .catch((error: unknown) => error);
    expect(await world.virtual.settle(dialled)).toMatchObject({ code: 'Unreachable', outcome: 'definite' });
  });
});
