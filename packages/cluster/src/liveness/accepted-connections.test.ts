import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { encodeHello, WIRE_VERSIONS } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LINK_TIMING } from './peer-links-options.js';
import { addressOf, CLUSTER, LinkWorld } from './testdata/link-world.js';

describe('what a node accepts', () => {
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
