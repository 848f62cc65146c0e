import { isFlotillaError } from '@flotilla/errors';
import { type VirtualRuntime, VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { TestHandshake } from '../conformance.js';
import type { CloseReason, Connection, ConnectionEvents, Listener, Transport } from '../transport.js';
import { exponentialDelay, uniformDelay } from './delay.js';
import type { MemoryNetworkOptions } from './memory-network-options.js';
import { MemoryNetwork } from './memory-network.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One side of a connection: what it was told, and when. */
class Side implements ConnectionEvents {
  readonly connection: Connection;
  readonly received: string[] = [];
  readonly log: string[] = [];
  readonly #now: () => number;
  end: CloseReason | undefined;

  constructor(connection: Connection, now: () => number) {
    this.connection = connection;
    this.#now = now;
    connection.attach(this);
  }

  frames(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      this.received.push(decoder.decode(frame));
      this.log.push(`${this.#now()} ${decoder.decode(frame)}`);
    }
  }

  request(body: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(body);
  }

  stream(): void {}

  drained(): void {
    this.log.push(`${this.#now()} drained`);
  }

  closed(reason: CloseReason): void {
    this.end = reason;
    this.log.push(`${this.#now()} closed by ${reason.by}`);
  }

  send(text: string): boolean {
    return this.connection.sendFrame(encoder.encode(text));
  }
}

/** A virtual world with a network; every node listens on its own name. */
class Net {
  readonly world: VirtualWorld;
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly accepted = new Map<string, Side[]>();

  constructor(options: Partial<MemoryNetworkOptions> = {}) {
    this.world = new VirtualWorld({ seed: 'net' });
    this.runtime = this.world.createRuntime();
    this.network = new MemoryNetwork({ runtime: this.runtime, latency: 10, seed: 'net', ...options });
  }

  async node(name: string, runtime?: VirtualRuntime): Promise<Transport> {
    const transport = this.network.transport(name, runtime === undefined ? {} : { runtime });
    const sides: Side[] = [];
    this.accepted.set(name, sides);
    await this.listen(transport, `mem://${name}`, sides);
    return transport;
  }

  listen(transport: Transport, address: string, sides: Side[]): Promise<Listener> {
    return transport.listen(address, {
      handshake: new TestHandshake('listener'),
      accept: (connection) => sides.push(new Side(connection, () => this.world.now())),
    });
  }

  async dial(transport: Transport, to: string): Promise<Side> {
    return this.world.settle(
      transport
        .dial(`mem://${to}`, { handshake: new TestHandshake('dialler') })
        .then((connection) => new Side(connection, () => this.world.now())),
    );
  }

  /** A dials b: both sides. */
  async pair(): Promise<{ readonly a: Side; readonly b: Side; readonly dialler: Transport }> {
    const dialler = await this.node('a');
    await this.node('b');
    const a = await this.dial(dialler, 'b');
    await this.world.advance(100);
    const [b] = this.accepted.get('b') ?? [];
    if (b === undefined) throw new Error('nothing was accepted');
    return { a, b, dialler };
  }

  async dialFails(transport: Transport, to: string): Promise<string> {
    const outcome = transport.dial(`mem://${to}`, { handshake: new TestHandshake('dialler') }).then(
      () => 'connected',
      (error: unknown) => (isFlotillaError(error) ? error.code : String(error)),
    );
    return this.world.settle(outcome);
  }
}

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
