import { describe, expect, test } from 'vitest';
import { addressOf, CLUSTER, type LinkNode, LinkWorld } from './testdata/link-world.js';

describe('who dials whom', () => {
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
