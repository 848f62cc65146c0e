import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { fateOf } from './conditions.js';
import { seededRandom } from './random.js';
import { type Conditions, startUdpProxy, type UdpProxyOptions } from './index.js';

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A target that answers each packet, a proxy before it, and a client. */
async function setUp(options: Omit<UdpProxyOptions, 'target'> = {}) {
  const target = await bound();
  const seen: { readonly text: string; readonly port: number }[] = [];
  target.on('message', (packet, from) => {
    seen.push({ text: packet.toString(), port: from.port });
    target.send(`re ${packet.toString()}`, from.port, from.address);
  });
  const proxy = await startUdpProxy({ target: { hostname: '127.0.0.1', port: target.address().port }, ...options });
  const client = await bound();
  const ask = async (text: string): Promise<string> => {
    client.send(text, proxy.address.port, proxy.address.hostname);
    const [packet] = (await once(client, 'message')) as [Buffer];
    return packet.toString();
  };
  return {
    proxy,
    client,
    target,
    seen,
    ask,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      client.close();
      target.close();
    },
  };
}

describe('fates', () => {
  const fates = (conditions: Conditions, seed: number): readonly (readonly number[])[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20_000 }, () => fateOf(conditions, random));
  };

  test('the same seed gives the same fates, another one others', () => {
    const conditions = { lossRate: 0.1, duplicateRate: 0.1, delayMs: { min: 1, max: 5 } };
    expect(fates(conditions, 7)).toEqual(fates(conditions, 7));
    expect(fates(conditions, 7)).not.toEqual(fates(conditions, 8));
  });

  test('rates are kept', () => {
    const all = fates({ lossRate: 0.05, duplicateRate: 0.02, reorderRate: 0.1, reorderByMs: 4 }, 3);
    const share = (of: (fate: readonly number[]) => boolean): number => all.filter(of).length / all.length;
    expect(share((fate) => fate.length === 0)).toBeCloseTo(0.05, 2);
    expect(share((fate) => fate.length === 2)).toBeCloseTo(0.019, 2);
    expect(share((fate) => fate[0] === 4)).toBeCloseTo(0.095, 2);
  });

  test('a changed rate leaves the outcomes of the others alone', () => {
    const lost = (conditions: Conditions): readonly boolean[] => fates(conditions, 5).map((fate) => fate.length === 0);
    expect(lost({ lossRate: 0.1 })).toEqual(lost({ lossRate: 0.1, duplicateRate: 0.5, delayMs: { min: 0, max: 9 } }));
  });
});

describe('a proxy', () => {
  test('passes packets both ways, and counts them', async () => {
    await using world = await setUp();
    expect(await world.ask('one')).toBe('re one');
    expect(await world.ask('two')).toBe('re two');
    expect(world.proxy.counters('to-target')).toEqual({ received: 2, forwarded: 2, lost: 0, cut: 0, duplicated: 0 });
    expect(world.proxy.counters('to-client')).toMatchObject({ received: 2, forwarded: 2 });
  });

  test('keeps clients apart', async () => {
    await using world = await setUp();
    const other = await bound();
    other.send('other', world.proxy.address.port, world.proxy.address.hostname);
    const [packet] = (await once(other, 'message')) as [Buffer];
    expect(packet.toString()).toBe('re other');
    expect(await world.ask('one')).toBe('re one');
    expect(new Set(world.seen.map((one) => one.port)).size).toBe(2);
    other.close();
  });

  test('loses a direction while it is cut', async () => {
    await using world = await setUp();
    await world.ask('one');
    world.proxy.cut('to-client');
    world.client.send('two', world.proxy.address.port, world.proxy.address.hostname);
    await once(world.target, 'message');
    world.proxy.cut('to-target');
    world.client.send('three', world.proxy.address.port, world.proxy.address.hostname);
    while (world.proxy.counters('to-target').cut === 0 || world.proxy.counters('to-client').cut === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    world.proxy.heal('to-target');
    world.proxy.heal('to-client');
    expect(await world.ask('four')).toBe('re four');
    expect(world.seen.map((one) => one.text)).toEqual(['one', 'two', 'four']);
  });

  test('doubles packets', async () => {
    await using world = await setUp({ toTarget: { duplicateRate: 1 } });
    await world.ask('one');
    await once(world.client, 'message');
    expect(world.seen.map((one) => one.text)).toEqual(['one', 'one']);
  });

  test('lets packets overtake one that it holds back', async () => {
    await using world = await setUp({ toTarget: { reorderRate: 1, reorderByMs: 200 } });
    world.client.send('late', world.proxy.address.port, world.proxy.address.hostname);
    while (world.proxy.counters('to-target').received === 0) await new Promise((resolve) => setImmediate(resolve));
    world.proxy.setConditions('to-target', {});
    expect(await world.ask('early')).toBe('re early');
    await once(world.client, 'message');
    expect(world.seen.map((one) => one.text)).toEqual(['early', 'late']);
  });

  test('goes to another target, and comes from another port', async () => {
    await using world = await setUp();
    await using elsewhere = await setUp();
    await world.ask('one');
    world.proxy.rebind();
    await world.ask('two');
    expect(world.seen[0]?.port).not.toBe(world.seen[1]?.port);
    world.proxy.retarget({ hostname: '127.0.0.1', port: elsewhere.target.address().port });
    await world.ask('three');
    expect(elsewhere.seen.map((one) => one.text)).toEqual(['three']);
  });

  test('refuses conditions that make no sense', async () => {
    const target = { hostname: '127.0.0.1', port: 9 };
    await expect(startUdpProxy({ target, conditions: { lossRate: 1.5 } })).rejects.toThrow(RangeError);
    await expect(startUdpProxy({ target, conditions: { delayMs: { min: 5, max: 1 } } })).rejects.toThrow(RangeError);
  });
});
