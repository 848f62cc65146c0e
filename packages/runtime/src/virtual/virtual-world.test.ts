import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runtimeConformance } from '../conformance.js';
import { systemRuntime } from '../system.js';
import { delay } from '../waits.js';
import type { VirtualRuntimeOptions } from './virtual-runtime.js';
import { VirtualDeadline, VirtualWorld } from './virtual-world.js';

function under(options: VirtualRuntimeOptions = {}): Parameters<typeof runtimeConformance>[1] {
  return () => {
    const world = new VirtualWorld({ seed: 'conformance' });
    return { runtime: world.createRuntime(options), settle: (work) => world.settle(work) };
  };
}

describe('a virtual runtime', () => runtimeConformance({ describe, test }, under()));
describe('a virtual runtime with a fast clock and an offset', () =>
  runtimeConformance({ describe, test }, under({ offsetMs: 12_345.678, driftPpm: 333 })));
describe('a virtual runtime with a slow clock', () =>
  runtimeConformance({ describe, test }, under({ offsetMs: 1e9, driftPpm: -700.5 })));

describe('order', () => {
  test('events happen by time, then source, then sequence', async () => {
    const world = new VirtualWorld();
    const first = world.createRuntime();
    const second = world.createRuntime();
    const story: string[] = [];
    second.setTimer(5, () => story.push('second at 5'));
    second.nextTurn(() => story.push('second now'));
    first.setTimer(5, () => story.push('first at 5'));
    first.setTimer(5, () => story.push('first at 5, later'));
    first.setTimer(1, () => story.push('first at 1'));
    await world.advance(10);
    expect(story).toEqual(['second now', 'first at 1', 'first at 5', 'first at 5, later', 'second at 5']);
    expect(world.now()).toBe(10);
  });

  test('all microtasks run between two events, however deep the chain', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    const story: string[] = [];
    runtime.setTimer(1, () => {
      void (async () => {
        for (let i = 0; i < 1000; i++) await undefined;
        story.push('chain');
      })();
    });
    runtime.setTimer(1, () => story.push('next event'));
    await world.advance(1);
    expect(story).toEqual(['chain', 'next event']);
  });

  test('and so between any two of very many, a condition that is looked at included', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    let open = 0;
    let most = 0;
    let done = 0;
    const deep = async (): Promise<void> => {
      open += 1;
      most = Math.max(most, open);
      for (let i = 0; i < 20; i++) await undefined;
      open -= 1;
      done += 1;
    };
    for (let at = 0; at < 500; at++) runtime.setTimer(at % 7, () => void deep());
    await world.runUntil(() => {
      most = Math.max(most, open + 1);
      return done === 500;
    });
    expect(most).toBe(1);
  });

  test('a drive that has ended does nothing more, whatever turns it had asked for', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    let fired = 0;
    for (let at = 0; at < 300; at++) runtime.setTimer(at, () => (fired += 1));
    for (const count of [1, 10, 100, 200]) {
      await world.runUntil(() => fired === count);
      for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => systemRuntime.nextTurn(resolve));
      expect([fired, world.now()]).toEqual([count, count - 1]);
    }
  });

  test('any timers, some cancelled, fire in their order, whatever order they were set in', async () => {
    const timer = fc.record({ source: fc.nat(2), ms: fc.nat(20), cancelled: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(timer, { maxLength: 60 }), async (timers) => {
        const world = new VirtualWorld();
        const runtimes = [world.createRuntime(), world.createRuntime(), world.createRuntime()];
        const fired: number[] = [];
        const set = timers.map(({ source, ms }, at) => runtimes[source]?.setTimer(ms, () => fired.push(at)));
        for (const [at, { cancelled }] of timers.entries()) if (cancelled) set[at]?.cancel();
        const expected = timers
          .map((each, at) => ({ ...each, at }))
          .filter((each) => !each.cancelled)
          .sort((a, b) => a.ms - b.ms || a.source - b.source || a.at - b.at);
        expect(world.pending).toBe(expected.length);
        await world.advance(20);
        expect(fired).toEqual(expected.map((each) => each.at));
      }),
      { numRuns: 50 },
    );
  });

  test('one seed gives one history, another seed another', async () => {
    const historyOf = async (seed: number): Promise<string[]> => {
      const world = new VirtualWorld({ seed });
      const story: string[] = [];
      for (const name of ['a', 'b', 'c']) {
        const runtime = world.createRuntime({ driftPpm: 100 });
        const again = (): void => {
          story.push(`${name} ${world.now()}`);
          runtime.setTimer(runtime.random() * 10, again);
        };
        again();
      }
      await world.advance(200);
      return story;
    };
    const first = await historyOf(1);
    expect(await historyOf(1)).toEqual(first);
    expect(await historyOf(2)).not.toEqual(first);
  });
});

describe('driving', () => {
  test('settle drives the world until the promise settles, and settles as it does', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    expect(await world.settle(delay(runtime, 250).then(() => 'late'))).toBe('late');
    expect(world.now()).toBe(250);
    await expect(world.settle(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test('runUntil looks at its condition before the first event and after each one', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    let fired = 0;
    for (const ms of [1, 2, 3]) runtime.setTimer(ms, () => void (fired += 1));
    await world.runUntil(() => true);
    expect(fired).toBe(0);
    await world.runUntil(() => fired === 2);
    expect(world.now()).toBe(2);
  });

  test('a condition that cannot come true ends in VirtualDeadline, at its deadline or when nothing is left', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    await expect(world.runUntil(() => false)).rejects.toThrow(VirtualDeadline);
    const tick = (): void => void runtime.setTimer(10, tick);
    tick();
    await expect(world.runUntil(() => false, { deadlineMs: 105 })).rejects.toThrow('105 virtual ms have passed');
    expect(world.now()).toBe(105);
  });

  test('step does one event', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    let fired = 0;
    for (const ms of [1, 2]) runtime.setTimer(ms, () => void (fired += 1));
    expect(await world.step()).toBe(true);
    expect([fired, world.now()]).toEqual([1, 1]);
    expect(await world.step()).toBe(true);
    expect(await world.step()).toBe(false);
    expect([fired, world.now()]).toEqual([2, 2]);
  });

  test('an error of a callback ends the driver, which can be started again', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    runtime.setTimer(1, () => {
      throw new Error('a bug');
    });
    await expect(world.advance(5)).rejects.toThrow('a bug');
    await world.advance(5);
    expect(world.now()).toBe(6);
  });

  test('two drivers at once are refused', async () => {
    const world = new VirtualWorld();
    const running = world.advance(1);
    await expect(world.advance(1)).rejects.toThrow('one driver at a time');
    await running;
  });

  test('an endless loop at one instant is reported, not followed', async () => {
    const world = new VirtualWorld({ eventsPerInstantMax: 100 });
    const runtime = world.createRuntime();
    const spin = (): void => runtime.nextTurn(spin);
    spin();
    await expect(world.advance(1)).rejects.toThrow('an endless loop');
  });
});

describe('clocks of their own', () => {
  test('offset and drift move a runtime’s clock, and its timers follow it', async () => {
    const world = new VirtualWorld();
    const fast = world.createRuntime({ offsetMs: 500, driftPpm: 100_000 });
    let firedAt = 0;
    fast.setTimer(1100, () => {
      firedAt = world.now();
    });
    expect(fast.now()).toBe(500);
    await world.advance(2000);
    expect(firedAt).toBeCloseTo(1000, 6);
    expect(fast.now()).toBeCloseTo(500 + 2200, 6);
  });

  test('a timer never fires early by its own clock, whatever the drift', async () => {
    const options = fc.record({
      offsetMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
      driftPpm: fc.double({ min: -5000, max: 5000, noNaN: true }),
    });
    const delays = fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(options, delays, async (clock, delaysMs) => {
        const world = new VirtualWorld();
        const runtime = world.createRuntime(clock);
        for (const ms of delaysMs) {
          const dueMs = runtime.now() + ms;
          await world.settle(delay(runtime, ms));
          expect(runtime.now()).toBeGreaterThanOrEqual(dueMs);
          expect(runtime.now()).toBeLessThan(dueMs + 0.01);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a step of the wall clock leaves the monotonic one alone', async () => {
    const world = new VirtualWorld({ wallClockStartMs: 1000 });
    const runtime = world.createRuntime({ wallClockOffsetMs: 5 });
    await world.advance(10);
    expect(runtime.wallClock()).toBe(1015);
    runtime.stepWallClock(-500);
    expect(runtime.wallClock()).toBe(515);
    expect(runtime.now()).toBe(10);
  });

  test('a clock that would stand still or go back is refused', () => {
    expect(() => new VirtualWorld().createRuntime({ driftPpm: -1_000_000 })).toThrow(RangeError);
  });
});

describe('processes', () => {
  test('what falls due while a process stands still happens when it goes on, in order; the rest at its time', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    const other = world.createRuntime();
    const story: string[] = [];
    const say = (what: string) => (): void => void story.push(`${what} at ${world.now()}`);
    runtime.setTimer(5, say('second'));
    runtime.setTimer(3, say('first'));
    runtime.setTimer(20, say('fourth'));
    const gone = runtime.setTimer(4, say('cancelled'));
    runtime.pause();
    gone.cancel();
    runtime.setTimer(6, say('third, set while paused'));
    other.setTimer(4, say('other'));
    await world.advance(10);
    expect(story).toEqual(['other at 4']);
    runtime.resume();
    await world.advance(10);
    expect(story.slice(1)).toEqual(['first at 10', 'second at 10', 'third, set while paused at 10', 'fourth at 20']);
  });

  test('a process that is gone does nothing any more; others go on', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    const other = world.createRuntime();
    const story: string[] = [];
    runtime.setTimer(1, () => story.push('gone'));
    other.setTimer(2, () => story.push('other'));
    runtime.halt();
    runtime.nextTurn(() => story.push('gone'));
    runtime.setTimer(1, () => story.push('gone')).cancel();
    runtime.resume();
    await world.advance(10);
    expect(story).toEqual(['other']);
    expect(world.pending).toBe(0);
  });
});
