import { describe, expect, test } from 'vitest';
import { TestHandshake } from '../conformance.js';
import type { Transport } from '../transport.js';
import { exponentialDelay, uniformDelay } from './delay.js';
import { Net, type Side } from './testdata/net.js';

describe('latency and bandwidth', () => {
  test('a dial takes two round trips, a frame one way', async () => {
    const net = new Net({ latency: 25 });
    const dialler = await net.node('a');
    await net.node('b');
    const a = await net.dial(dialler, 'b');
    expect(net.world.now()).toBe(100);
    await net.world.advance(100);
    const start = net.world.now();
    a.send('x');
    await net.world.advance(100);
    expect(net.accepted.get('b')?.[0]?.log).toEqual([`${start + 25} x`]);
  });

  test('each direction has a latency of its own', async () => {
    const net = new Net({ latency: 0 });
    const { a, b } = await net.pair();
    net.network.setLatency(5, 'a', 'b');
    net.network.setLatency(50, 'b', 'a');
    const start = net.world.now();
    a.send('there');
    b.send('back');
    await net.world.advance(100);
    expect(b.log).toEqual([`${start + 5} there`]);
    expect(a.log).toEqual([`${start + 50} back`]);
  });

  test('within a connection nothing overtakes, whatever the delays', async () => {
    const net = new Net({ latency: exponentialDelay(20) });
    const { a, b } = await net.pair();
    const sent: string[] = [];
    for (let i = 0; i < 200; i++) {
      sent.push(`${i}`);
      a.send(`${i}`);
      await net.world.advance(1);
    }
    await net.world.advance(1000);
    expect(b.received).toEqual(sent);
  });

  test('bandwidth is shared by the connections of a link, and pushes back on the sender', async () => {
    const net = new Net({ latency: 0 });
    const { a, b, dialler } = await net.pair();
    const second = await net.dial(dialler, 'b');
    net.network.setBandwidth(1_000_000, 'a', 'b');
    const start = net.world.now();
    for (const side of [a, second]) for (let i = 0; i < 4; i++) side.connection.sendFrame(new Uint8Array(125_000));
    await net.world.advance(500);
    expect(a.connection.queued.frames + second.connection.queued.frames).toBeGreaterThan(0);
    const frames = (): number => net.accepted.get('b')?.reduce((sum, side) => sum + side.received.length, 0) ?? 0;
    expect(frames()).toBeLessThan(8);
    await net.world.runUntil(() => frames() === 8);
    expect(net.world.now() - start).toBeGreaterThanOrEqual(1000);
    expect(net.world.now() - start).toBeLessThan(1010);
    expect(b.end).toBeUndefined();
    expect(net.network.injected.throttled).toBeGreaterThan(0);
  });

  test('a bandwidth that is given anew owes nothing to what was sent before', async () => {
    const net = new Net({ latency: 0 });
    const { a, b } = await net.pair();
    net.network.setBandwidth(1000, 'a', 'b');
    a.connection.sendFrame(new Uint8Array(20_000));
    await net.world.advance(1);
    net.network.setBandwidth(1_000_000, 'a', 'b');
    const second = await net.dial(net.network.transport('a'), 'b');
    const start = net.world.now();
    second.connection.sendFrame(new Uint8Array(1000));
    await net.world.runUntil(() => (net.accepted.get('b')?.[1]?.received.length ?? 0) === 1);
    expect(net.world.now() - start).toBeLessThan(10);
    expect(b.received).toEqual([]);
  });
});

describe('determinism', () => {
  async function run(seed: string): Promise<readonly string[]> {
    const net = new Net({ latency: uniformDelay(1, 30), seed });
    const log: string[] = [];
    const transports = new Map<string, Transport>();
    for (const name of ['a', 'b', 'c']) {
      const own = net.world.createRuntime();
      transports.set(name, await net.node(name, own));
    }
    net.network.setLoss({ stallProbability: 0.2, stall: uniformDelay(50, 100), breakProbability: 0.01 }, 'a', 'b');
    const dialled: Side[] = [];
    for (const [from, transport] of transports) {
      for (const to of ['a', 'b', 'c']) if (from !== to) dialled.push(await net.dial(transport, to));
    }
    for (let i = 0; i < 100; i++) {
      for (const side of dialled) side.send(`${i}`);
      await net.world.advance(3);
    }
    await net.world.advance(1000);
    for (const [name, sides] of net.accepted) {
      for (const side of sides)
        log.push(...side.log.map((line) => `${name} ${side.connection.remote.address} ${line}`));
    }
    return log;
  }

  test('the same seed gives the same arrivals at the same times; another seed gives others', async () => {
    const first = await run('one');
    expect(first.length).toBeGreaterThan(400);
    expect(await run('one')).toEqual(first);
    expect(await run('two')).not.toEqual(first);
  });

  test('what happens on one link does not change the delays of another', async () => {
    async function arrivals(noise: boolean): Promise<readonly string[]> {
      const net = new Net({ latency: uniformDelay(1, 30) });
      const { a, b, dialler } = await net.pair();
      await net.node('c');
      const other = await net.dial(dialler, 'c');
      await net.world.advance(1000 - net.world.now());
      for (let i = 0; i < 50; i++) {
        a.send(`${i}`);
        if (noise) other.send(`${i}`);
        await net.world.advance(40);
      }
      return b.log;
    }
    expect(await arrivals(true)).toEqual(await arrivals(false));
  });

  test('arrivals of one instant are in the order of their sources', async () => {
    const net = new Net({ latency: 10 });
    const order: string[] = [];
    const target = net.network.transport('z');
    await target.listen('mem://z', {
      handshake: new TestHandshake('z'),
      accept: (connection) => {
        connection.attach({
          frames: () => order.push(connection.remote.address),
          request: (body) => Promise.resolve(body),
          stream: () => {},
          drained: () => {},
          closed: () => {},
        });
      },
    });
    const sides: Side[] = [];
    for (const name of ['m', 'c', 'x', 'a']) sides.push(await net.dial(net.network.transport(name), 'z'));
    await net.world.advance(100);
    for (const side of sides) side.send('x');
    await net.world.advance(100);
    expect(order).toEqual(['mem://a', 'mem://c', 'mem://m', 'mem://x']);
  });
});

describe('names and identities', () => {
  test('a node listens under its own name only', async () => {
    const net = new Net();
    await expect(net.listen(net.network.transport('a'), 'mem://b', [])).rejects.toMatchObject({
      code: 'InvalidConfig',
    });
  });

  test('a name that is no host name is refused', () => {
    const net = new Net();
    for (const name of ['', 'a b', 'a:1', 'a/b', '-']) {
      expect(() => net.network.transport(name), name).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
    }
  });

  test('a TLS identity is shown to the other side, which is then no longer on loopback', async () => {
    const net = new Net();
    const tls = { spkiSha256: new Uint8Array(32).fill(7), names: ['a'] };
    const dialler = net.network.transport('a', { tls });
    await net.node('b');
    const a = await net.dial(dialler, 'b');
    await net.world.advance(100);
    expect(a.connection.remote).toEqual({ address: 'mem://b', tls: undefined, loopback: false });
    expect(net.accepted.get('b')?.[0]?.connection.remote).toEqual({ address: 'mem://a', tls, loopback: false });
  });
});
