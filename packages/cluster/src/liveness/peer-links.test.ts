import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { FrameKind } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { LinkWorld } from './testdata/link-world.js';

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
});
