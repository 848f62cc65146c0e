import { VirtualWorld } from '@flotilla/runtime/virtual';
import { encodeHostHeartbeat } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import { HostLiveness, type LivenessTiming } from './host-liveness.js';

const TIMING: LivenessTiming = {
  heartbeatMs: 100,
  suspectMs: 100,
  deadAfterMs: 500,
  deafAfterMs: 1_000,
  breakAfterMs: 5_000,
};

/** The liveness of node 1, which watches node 2; what node 2 does is said by the test. */
class Watched {
  readonly virtual = new VirtualWorld({ seed: 1 });
  readonly runtime = this.virtual.createRuntime();
  readonly told: string[] = [];
  readonly broken: string[] = [];
  sent = 0;
  /** Whether node 2 beats, and whether it hears. */
  beats = true;
  hears = true;
  epoch = 7;
  mute = false;
  #heard = 0;
  #sequence = 0;
  readonly liveness: HostLiveness;

  /** @param timersMs No timer of node 1 fires sooner. */
  constructor(timersMs = 0) {
    const real = this.runtime;
    this.liveness = new HostLiveness({
      runtime: {
        now: () => real.now(),
        wallClock: () => real.wallClock(),
        setTimer: (delayMs, callback) => real.setTimer(Math.max(delayMs, timersMs), callback),
        nextTurn: (callback) => real.nextTurn(callback),
        random: () => real.random(),
        randomBytes: (length) => real.randomBytes(length),
      },
      timing: TIMING,
      carrier: {
        sendControl: () => {
          this.sent++;
          if (this.hears) this.#heard = this.sent;
          return true;
        },
        breakLink: (_node, error) => this.broken.push(error.message),
      },
      isMute: () => this.mute,
      facts: () => ({ hostEpoch: 3, clusterEpoch: 0, topologyVersion: 0, routingVersion: 0 }),
      suspected: (node) => this.told.push(`${this.virtual.now()} suspected ${node}`),
      dead: (node) => this.told.push(`${this.virtual.now()} dead ${node}`),
      alive: (node) => this.told.push(`${this.virtual.now()} alive ${node}`),
      beat: () => undefined,
    });
    this.liveness.start();
    const beat = (): void => {
      if (this.beats) this.receive(this.epoch);
      this.virtual.createRuntime().setTimer(100, beat);
    };
    this.virtual.createRuntime().setTimer(50, beat);
  }

  receive(hostEpoch: number): void {
    const facts = { clusterEpoch: 0, topologyVersion: 0, routingVersion: 0 };
    this.#sequence++;
    this.liveness.frame(
      2,
      encodeHostHeartbeat({ ...facts, hostEpoch, sequence: this.#sequence, echo: this.hears ? this.#heard : 0 }),
    );
  }

  /** What was told since the last time. */
  take(): string[] {
    return this.told.splice(0);
  }
}

describe('liveness of hosts', () => {
  test('a node is alive from its hello on, while both hear each other', async () => {
    const world = new Watched();
    expect(world.liveness.isAlive(2)).toBe(false);
    world.liveness.connected(2, 7);
    await world.virtual.advance(60_000);
    expect([world.take(), world.liveness.isAlive(2), world.broken]).toEqual([['0 alive 2'], true, []]);
    expect(world.sent).toBe(600);
  });

  test('a node that is silent is dead, then its connection is broken; when it is heard it is alive again', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_000);
    world.beats = false;
    await world.virtual.advance(4_000);
    expect(world.take()).toEqual(['0 alive 2', '1500 dead 2']);
    world.beats = true;
    await world.virtual.advance(1_000);
    expect([world.take(), world.broken]).toEqual([['5050 alive 2'], []]);
    world.beats = false;
    await world.virtual.advance(6_000);
    expect(world.take()).toEqual(['6500 dead 2']);
    expect(world.broken[0]).toMatch(/node 2 was silent for 5\d{3} ms/);
  });

  test('any frame of a node shows that it lives', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    world.beats = false;
    for (let at = 0; at < 9; at++) {
      await world.virtual.advance(100);
      world.liveness.heard(2);
    }
    expect(world.take()).toEqual(['0 alive 2']);
  });

  test('where timers come late, as in a page in the background, what arrives beats in their place', async () => {
    const world = new Watched(60_000);
    world.liveness.connected(2, 7);
    for (let at = 0; at < 600; at++) {
      await world.virtual.advance(100);
      world.liveness.heard(2);
    }
    expect(world.sent).toBeGreaterThanOrEqual(300);
    expect(world.sent).toBeLessThanOrEqual(600);
    expect([world.take(), world.broken]).toEqual([['0 alive 2'], []]);
  });

  test('a node that is heard and does not hear is dead: a link that carries one way only is no link', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(2_000);
    world.hears = false;
    await world.virtual.advance(10_000);
    expect(world.take()).toEqual(['0 alive 2', '3000 dead 2']);
    expect(world.broken[0]).toMatch(/node 2 did not hear this node for 5\d{3} ms/);
    world.hears = true;
    await world.virtual.advance(200);
    expect(world.take()).toEqual(['12050 alive 2']);
  });

  test('a connection that breaks makes a node suspected; back with the same host epoch it was never dead', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_010);
    world.liveness.broken(2);
    expect([world.take(), world.liveness.isAlive(2)]).toEqual([['0 alive 2', '1010 suspected 2'], false]);
    await world.virtual.advance(50);
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_000);
    expect(world.take()).toEqual(['1060 alive 2']);
  });

  test('nobody at the address of a suspected node answers what a timeout would ask', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_010);
    world.liveness.broken(2);
    world.liveness.unreachable(2);
    expect(world.take()).toEqual(['0 alive 2', '1010 suspected 2', '1010 dead 2']);
    await world.virtual.advance(1_000);
    expect(world.take()).toEqual([]);
  });

  test('a dial that fails says nothing of a node that is connected', () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    world.liveness.unreachable(2);
    expect(world.liveness.isAlive(2)).toBe(true);
  });

  test('a suspected node that does not come back is dead after a moment', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_010);
    world.liveness.broken(2);
    await world.virtual.advance(1_000);
    expect(world.take()).toEqual(['0 alive 2', '1010 suspected 2', '1200 dead 2']);
  });

  test('a node that comes back with another host epoch has died in between, whether its connection was seen to break or not', async () => {
    for (const seen of [true, false]) {
      const world = new Watched();
      world.liveness.connected(2, 7);
      await world.virtual.advance(1_010);
      if (seen) world.liveness.broken(2);
      world.take();
      world.epoch = 8;
      world.liveness.connected(2, 8);
      expect(world.take()).toEqual(['1010 dead 2', '1010 alive 2']);
      // What the former life had said arrives late, and says nothing.
      world.receive(7);
      await world.virtual.advance(1_000);
      expect([world.take(), world.liveness.isAlive(2)]).toEqual([[], true]);
    }
  });

  test('a node whose disk is mute does not beat, and holds nobody for deaf that answers nothing', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_010);
    world.mute = true;
    const { sent } = world;
    await world.virtual.advance(10_000);
    expect([world.sent, world.take()]).toEqual([sent, ['0 alive 2']]);
    world.mute = false;
    await world.virtual.advance(1_000);
    expect([world.sent, world.take(), world.broken]).toEqual([sent + 10, [], []]);
  });

  test('a node that is a member no more is dead', () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    world.liveness.forget(2);
    expect([world.take(), world.liveness.isAlive(2)]).toEqual([['0 alive 2', '0 dead 2'], false]);
  });

  test('what passes while this node stands still is nobody’s silence', async () => {
    const world = new Watched();
    world.liveness.connected(2, 7);
    await world.virtual.advance(1_010);
    world.beats = false;
    world.runtime.pause();
    await world.virtual.advance(3_000);
    world.runtime.resume();
    await world.virtual.advance(0);
    world.beats = true;
    await world.virtual.advance(1_000);
    expect(world.take()).toEqual(['0 alive 2']);
  });
});
