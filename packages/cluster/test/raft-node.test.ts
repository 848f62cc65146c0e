import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import { type NodeStorage, openStorage } from '@flotilla/storage';
import { MemoryFiles } from '@flotilla/storage/memory';
import { MemoryNetwork } from '@flotilla/transport/memory';
import { describe, expect, test } from 'vitest';
import { RaftNode } from '../src/raft-node.js';
import { RecordingMachine } from './world/recording-machine.js';

const MEMBERS = new Map([
  [1, 'mem://a:1'],
  [2, 'mem://b:1'],
  [3, 'mem://c:1'],
]);
const NAMES = ['', 'a', 'b', 'c'];

/** Three members over real storage in memory files and the memory network. */
class Trio {
  readonly world = new VirtualWorld({ seed: 4 });
  readonly network = new MemoryNetwork({ runtime: this.world.createRuntime(), latency: 1 });
  readonly files = [1, 2, 3].map(() => new MemoryFiles());
  readonly nodes: (RaftNode | undefined)[] = [];
  readonly machines: RecordingMachine[] = [];
  readonly storages: NodeStorage[] = [];

  async start(id: number): Promise<RaftNode> {
    const runtime = this.world.createRuntime();
    const storage = await this.world.settle(openStorage({ files: this.files[id - 1] as MemoryFiles, runtime }));
    const stateMachine = new RecordingMachine();
    const node = new RaftNode({
      id,
      members: MEMBERS,
      transport: this.network.transport(NAMES[id] as string, { runtime }),
      log: await this.world.settle(storage.log(0)),
      snapshots: storage.snapshots,
      stateMachine,
      runtime,
      snapshotting: { policy: { entriesMax: 50, bytesMax: 1 << 30, keepEntries: 10, keepBytes: 1 << 30 } },
    });
    this.nodes[id] = node;
    this.machines[id] = stateMachine;
    this.storages[id] = storage;
    await this.world.settle(node.start());
    return node;
  }

  async stop(id: number): Promise<void> {
    const node = this.nodes[id];
    this.nodes[id] = undefined;
    await this.world.settle(node?.stop() ?? Promise.resolve());
    await this.world.settle(this.storages[id]?.close() ?? Promise.resolve());
    this.network.crash(NAMES[id] as string, { peers: 'reset' });
  }

  async leader(): Promise<RaftNode> {
    const find = (): RaftNode | undefined => this.nodes.find((node) => node?.status().role === 'leader');
    await this.world.runUntil(() => find() !== undefined);
    return find() as RaftNode;
  }

  async submit(texts: readonly string[]): Promise<string[]> {
    const leader = await this.leader();
    const outcomes = await this.world.settle(Promise.all(texts.map((text) => leader.submit(utf8Encode(text)))));
    return outcomes.map(({ result }) => utf8Decode(result));
  }
}

describe('RaftNode: one group alone', () => {
  test('three members over sockets and files: submit, read, leader stopped, restart, catch up by snapshot', async () => {
    const trio = new Trio();
    for (const id of [1, 2, 3]) await trio.start(id);
    expect(await trio.submit(['a', 'b'])).toEqual(['a#0', 'b#1']);
    const first = await trio.leader();
    const follower = trio.nodes.find((node) => node !== undefined && node !== first) as RaftNode;
    await trio.world.settle(follower.read());
    expect(trio.machines[follower.id]?.texts).toEqual(['a', 'b']);
    const refused = await trio.world.settle(follower.submit(utf8Encode('x')).catch((error: unknown) => error));
    expect(refused).toMatchObject({ code: 'NotLeader', details: { leader: first.id, address: MEMBERS.get(first.id) } });

    await trio.stop(first.id);
    for (let round = 0; round < 10; round++)
      await trio.submit(Array.from({ length: 20 }, (_, at) => `r${round}-${at}`));
    await trio.start(first.id);
    await trio.world.runUntil(() => trio.machines[first.id]?.applied.length === 202);
    const second = await trio.leader();
    expect(trio.machines[first.id]?.applied).toEqual(trio.machines[second.id]?.applied);

    for (const id of [1, 2, 3]) await trio.stop(id);
    for (const id of [1, 2, 3]) await trio.start(id);
    await trio.submit(['again']);
    await trio.world.runUntil(() => [1, 2, 3].every((id) => trio.machines[id]?.applied.length === 203));
    for (const id of [1, 2, 3]) await trio.stop(id);
  });

  test('leadership moves on request', async () => {
    const trio = new Trio();
    for (const id of [1, 2, 3]) await trio.start(id);
    const leader = await trio.leader();
    const to = 1 + (leader.id % 3);
    await trio.world.settle(leader.transferLeadership(to));
    await trio.world.runUntil(() => trio.nodes[to]?.status().role === 'leader');
    for (const id of [1, 2, 3]) await trio.stop(id);
  });

  test('before start: NotReady; after stop: Shutdown, definite', async () => {
    const trio = new Trio();
    const node = await trio.start(1);
    await trio.world.settle(node.stop());
    await trio.world.settle(node.stop());
    expect(() => node.status()).toThrowError(/Shutdown/);
    for (const call of [node.submit(utf8Encode('x')), node.read(), node.start()]) {
      expect(await call.catch((error: unknown) => error)).toMatchObject({ code: 'Shutdown' });
    }
  });

  test('members that make no sense are refused', () => {
    const trio = new Trio();
    const rest = {
      transport: trio.network.transport('z'),
      stateMachine: new RecordingMachine(),
      runtime: trio.world.createRuntime(),
    };
    const make = (id: number, members: Map<number, string>): RaftNode =>
      new RaftNode({ id, members, ...rest, log: undefined as never, snapshots: undefined as never });
    expect(() => make(4, MEMBERS)).toThrowError(/InvalidArgument/);
    expect(() =>
      make(
        1,
        new Map([
          [1, 'mem://a:1'],
          [0.5, 'mem://b:1'],
        ]),
      ),
    ).toThrowError(/InvalidArgument/);
  });
});
