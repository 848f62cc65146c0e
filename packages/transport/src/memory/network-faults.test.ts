import { isFlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import type { Transport } from '../transport.js';
import { Net } from './testdata/net.js';

describe('an observer of faults', () => {
  test('is told of every effect, where and when it takes place', async () => {
    const net = new Net();
    const told: string[] = [];
    net.network.onInjected = (effect, from, to) => told.push(`${net.world.now()} ${effect} ${from}>${to}`);
    const { a, b } = await net.pair();
    const start = net.world.now();
    a.send('fine');
    await net.world.advance(20);
    expect(told).toEqual([]);
    net.network.cut('a', 'b');
    b.send('this way is open');
    a.send('lost');
    net.network.clog('b', 'a');
    await net.world.advance(20);
    net.network.crash('b', { peers: 'silence' });
    expect(told.slice(0, 3)).toEqual([`${start + 20} lost a>b`, `${start + 30} held b>a`, `${start + 40} crashed b>b`]);
    expect(told).toHaveLength(net.network.injected.lost + net.network.injected.held + net.network.injected.crashed);
  });
});

describe('cuts', () => {
  test('a one-way cut silently drops: the sender notices nothing, the other direction goes on', async () => {
    const net = new Net();
    const { a, b } = await net.pair();
    net.network.cut('a', 'b');
    expect(a.send('lost')).toBe(true);
    expect(b.send('arrives')).toBe(true);
    await net.world.advance(60_000);
    expect(b.received).toEqual([]);
    expect(a.received).toEqual(['arrives']);
    expect(a.end).toBeUndefined();
    expect(b.end).toBeUndefined();
    expect(net.network.injected.lost).toBe(1);
  });

  test('a cut loses what is on its way as well', async () => {
    const net = new Net({ latency: 100 });
    const { a, b } = await net.pair();
    a.send('on its way');
    await net.world.advance(50);
    net.network.cut('a', 'b');
    await net.world.advance(1000);
    expect(b.received).toEqual([]);
  });

  test('a connection that lost something breaks when the link heals; one that lost nothing goes on', async () => {
    const net = new Net();
    const { a, b, dialler } = await net.pair();
    const quiet = await net.dial(dialler, 'b');
    await net.world.advance(100);
    net.network.cut('a', 'b');
    a.send('lost');
    await net.world.advance(1000);
    net.network.heal('a', 'b');
    await net.world.advance(1000);
    expect(a.end?.by).toBe('broken');
    expect(b.end?.by).toBe('broken');
    expect(b.received).toEqual([]);
    quiet.send('fine');
    await net.world.advance(100);
    expect(net.accepted.get('b')?.[1]?.received).toEqual(['fine']);
  });

  test('what was sent after something that was lost is not delivered either', async () => {
    const net = new Net({ latency: 100 });
    const { a, b } = await net.pair();
    await net.world.advance(1000);
    a.send('1');
    await net.world.advance(50);
    a.send('2');
    await net.world.advance(40);
    net.network.cut('a', 'b');
    await net.world.advance(20);
    net.network.heal('a', 'b');
    await net.world.advance(1000);
    expect(b.received).toEqual([]);
    expect(b.end?.by).toBe('broken');
  });

  test('a full send buffer pushes back on a sender that is cut off', async () => {
    const net = new Net();
    const { a } = await net.pair();
    net.network.cut('a', 'b');
    let sent = 0;
    while (a.connection.sendFrame(new Uint8Array(100_000))) {
      sent++;
      await net.world.advance(1);
    }
    expect(sent).toBeGreaterThan(160);
    expect(sent).toBeLessThan(180);
    expect(a.connection.queued.bytes).toBeLessThanOrEqual(16 * 1024 * 1024);
  });

  test('while either direction is cut, a new dial times out', async () => {
    for (const [from, to] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const net = new Net();
      const dialler = await net.node('a');
      await net.node('b');
      net.network.cut(from, to);
      const start = net.world.now();
      expect(await net.dialFails(dialler, 'b')).toBe('Timeout');
      expect(net.world.now() - start).toBe(5000);
      net.network.heal(from, to);
      await net.dial(dialler, 'b');
    }
  });

  test('partition, isolate, rejoin and restore cut and heal the links that they name', async () => {
    const net = new Net({ limits: { handshakeTimeoutMs: 100 } });
    const transports = new Map<string, Transport>();
    for (const name of ['a', 'b', 'c']) transports.set(name, await net.node(name));
    const reachable = async (): Promise<readonly string[]> => {
      const pairs: string[] = [];
      for (const [from, transport] of transports) {
        for (const to of transports.keys()) {
          if (from !== to && (await net.dialFails(transport, to)) === 'connected') pairs.push(from + to);
        }
      }
      return pairs;
    };
    const all = ['ab', 'ac', 'ba', 'bc', 'ca', 'cb'];
    expect(await reachable()).toEqual(all);
    net.network.partition([['a'], ['b', 'c']]);
    expect(await reachable()).toEqual(['bc', 'cb']);
    net.network.restore();
    expect(await reachable()).toEqual(all);
    net.network.isolate('c');
    transports.set('d', await net.node('d'));
    expect(await reachable()).toEqual(['ab', 'ad', 'ba', 'bd', 'da', 'db']);
    net.network.rejoin('c');
    expect(await reachable()).toHaveLength(12);
    net.network.disconnect('a', 'd');
    expect(await reachable()).toHaveLength(10);
    net.network.reconnect('a', 'd');
    expect(await reachable()).toHaveLength(12);
  });
});

describe('clogs, stalls and breaks', () => {
  test('a clogged link holds everything, and lets it go in order', async () => {
    const net = new Net();
    const { a, b } = await net.pair();
    net.network.clog('a', 'b');
    for (let i = 0; i < 5; i++) {
      a.send(`${i}`);
      await net.world.advance(100);
    }
    expect(b.received).toEqual([]);
    a.send('5');
    net.network.release('a', 'b');
    await net.world.advance(0);
    expect(b.received).toEqual(['0', '1', '2', '3', '4']);
    await net.world.advance(100);
    expect(b.received).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(net.network.injected.held).toBe(5);
  });

  test('a stall delays all that is behind it in its connection', async () => {
    const net = new Net();
    const { a, b } = await net.pair();
    net.network.setLoss({ stallProbability: 1, stall: 300 }, 'a', 'b');
    const start = net.world.now();
    a.send('stalled');
    await net.world.advance(1);
    net.network.setLoss({}, 'a', 'b');
    a.send('behind');
    await net.world.advance(1000);
    expect(b.log).toEqual([`${start + 310} stalled`, `${start + 310} behind`]);
    expect(net.network.injected.stalled).toBe(1);
  });

  test('a lossy link breaks connections, on both sides, and nothing more arrives', async () => {
    const net = new Net();
    const { a, b } = await net.pair();
    net.network.setLoss({ breakProbability: 1 }, 'a', 'b');
    a.send('x');
    await net.world.advance(100);
    expect([a.end?.by, b.end?.by, b.received]).toEqual(['broken', 'broken', []]);
    expect(net.network.injected.broken).toBe(1);
  });

  test('breaking connections drops what is on its way, or delivers it late, after what a new connection carries', async () => {
    for (const inFlight of ['dropped', 'delivered'] as const) {
      const net = new Net({ latency: 100 });
      const { a, b, dialler } = await net.pair();
      await net.world.advance(1000);
      a.send('old');
      await net.world.advance(1);
      net.network.breakConnections('b', 'a', { inFlight });
      net.network.setLatency(1);
      await net.world.advance(1);
      expect(a.end?.by).toBe('broken');
      const again = await net.dial(dialler, 'b');
      again.send('new');
      await net.world.advance(1000);
      expect(b.received).toEqual(inFlight === 'dropped' ? [] : ['old']);
      expect(b.end?.by).toBe('broken');
      const fresh = net.accepted.get('b')?.[1];
      expect(fresh?.received).toEqual(['new']);
      if (inFlight === 'delivered') {
        const at = (line: string | undefined): number => Number(line?.split(' ')[0]);
        expect(at(b.log[0])).toBeGreaterThan(at(fresh?.log[0]));
      }
    }
  });
});

describe('crashes', () => {
  test('a process that dies resets its connections, and its address refuses', async () => {
    const net = new Net();
    const { a, b, dialler } = await net.pair();
    net.network.crash('b');
    await net.world.advance(100);
    expect(a.end?.by).toBe('broken');
    expect(b.end?.by).toBe('broken');
    expect(await net.dialFails(dialler, 'b')).toBe('Unreachable');
    await net.node('b');
    await net.dial(dialler, 'b');
    expect(net.network.injected.crashed).toBe(1);
  });

  test('a loss of power says nothing: dials time out, and connections are found out by traffic after the restart', async () => {
    const net = new Net();
    const { a, dialler } = await net.pair();
    net.network.crash('b', { peers: 'silence' });
    a.send('into the void');
    await net.world.advance(60_000);
    expect(a.end).toBeUndefined();
    expect(await net.dialFails(dialler, 'b')).toBe('Timeout');
    await net.node('b');
    await net.world.advance(1000);
    expect(a.end?.by).toBe('broken');
  });

  test('without traffic a half-open connection lasts, unless it is kept alive', async () => {
    const net = new Net();
    const quiet = await net.node('a');
    const alive = net.network.transport('c', { keepAlive: { intervalMs: 1000, missedMax: 2 } });
    await net.node('b');
    const half = await net.dial(quiet, 'b');
    const kept = await net.dial(alive, 'b');
    await net.world.advance(10_000);
    expect(kept.end).toBeUndefined();
    net.network.crash('b', { peers: 'silence' });
    const start = net.world.now();
    await net.world.advance(10_000);
    expect(half.end).toBeUndefined();
    expect(isFlotillaError(kept.end?.error, 'Timeout')).toBe(true);
    expect(kept.log.at(-1)).toMatch(/closed by broken$/);
    expect(Number(kept.log.at(-1)?.split(' ')[0]) - start).toBeLessThanOrEqual(4000);
  });

  test('the old transport of a crashed node is of no more use', async () => {
    const net = new Net();
    const { dialler } = await net.pair();
    net.network.crash('a');
    expect(await net.dialFails(dialler, 'b')).toBe('Shutdown');
    await expect(net.listen(dialler, 'mem://a', [])).rejects.toMatchObject({ code: 'Shutdown' });
  });

  test('a paused node receives nothing until it goes on, and then everything', async () => {
    const net = new Net();
    const dialler = await net.node('a');
    const own = net.world.createRuntime();
    await net.node('b', own);
    const a = await net.dial(dialler, 'b');
    await net.world.advance(100);
    own.pause();
    a.send('1');
    a.send('2');
    await net.world.advance(1000);
    const [b] = net.accepted.get('b') ?? [];
    expect(b?.received).toEqual([]);
    own.resume();
    await net.world.advance(100);
    expect(b?.received).toEqual(['1', '2']);
  });
});
