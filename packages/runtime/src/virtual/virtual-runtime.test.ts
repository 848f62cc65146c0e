import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delay } from '../waits.js';
import { VirtualWorld } from './virtual-world.js';

describe('a clock whose drift changes', () => {
  test('goes on from what it shows, at its new rate, and timers that are set follow it', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    const firedAt: number[] = [];
    runtime.setTimer(1000, () => firedAt.push(world.now()));
    runtime.setTimer(1600, () => firedAt.push(world.now()));
    await world.advance(500);
    runtime.setDrift(250_000);
    expect(runtime.now()).toBe(500);
    await world.advance(400);
    expect(runtime.now()).toBe(1000);
    expect(firedAt).toEqual([900]);
    runtime.setDrift(-200_000);
    await world.advance(750);
    expect(runtime.now()).toBe(1600);
    expect(firedAt).toEqual([900, 1650]);
  });

  test('never lets a timer fire early by its own clock, and never goes back', async () => {
    const step = fc.record({
      ppm: fc.double({ min: -200_000, max: 200_000, noNaN: true }),
      ms: fc.double({ min: 0, max: 3000, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const world = new VirtualWorld();
        const runtime = world.createRuntime();
        let shown = 0;
        for (const { ppm, ms } of steps) {
          const dueMs = runtime.now() + ms;
          const waited = delay(runtime, ms);
          await world.advance(ms / 3);
          runtime.setDrift(ppm);
          expect(runtime.now()).toBeGreaterThanOrEqual(shown);
          await world.settle(waited);
          shown = runtime.now();
          expect(shown).toBeGreaterThanOrEqual(dueMs);
          expect(shown).toBeLessThan(dueMs + 0.01);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('a clock that would stand still or go back is refused, and nothing changes', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    expect(() => runtime.setDrift(-1_000_000)).toThrow(RangeError);
    expect(() => runtime.setDrift(Number.NaN)).toThrow(RangeError);
    await world.advance(10);
    expect(runtime.now()).toBe(10);
  });
});

describe('a monotonic clock that jumps', () => {
  test('what it passes is due now, in order; the rest comes sooner by as much', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    const story: string[] = [];
    const say = (what: string) => (): void => void story.push(`${what} at ${world.now()}`);
    runtime.setTimer(300, say('second'));
    runtime.setTimer(200, say('first'));
    runtime.setTimer(1000, say('third'));
    await world.advance(100);
    runtime.jumpClock(500);
    expect(runtime.now()).toBe(600);
    await world.advance(1000);
    expect(story).toEqual(['first at 100', 'second at 100', 'third at 500']);
    expect(() => runtime.jumpClock(-1)).toThrow(RangeError);
  });

  test('a paused process notices when it goes on', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    let firedAt = -1;
    runtime.setTimer(400, () => (firedAt = world.now()));
    runtime.pause();
    runtime.jumpClock(500);
    await world.advance(50);
    expect(firedAt).toBe(-1);
    runtime.resume();
    await world.advance(0);
    expect([firedAt, runtime.now()]).toEqual([50, 550]);
  });
});

describe('a pause in which the clock stands still', () => {
  test('puts off all timers by its length; the wall clock goes on', async () => {
    const world = new VirtualWorld({ wallClockStartMs: 0 });
    const runtime = world.createRuntime();
    const firedAt: number[] = [];
    const fire = (): void => void firedAt.push(world.now());
    runtime.setTimer(100, fire);
    await world.advance(40);
    runtime.pause({ clock: 'stands-still' });
    await world.advance(1000);
    expect([runtime.now(), runtime.wallClock()]).toEqual([40, 1040]);
    runtime.setTimer(30, fire);
    runtime.nextTurn(fire);
    runtime.resume();
    await world.advance(200);
    expect(firedAt).toEqual([1040, 1070, 1100]);
    expect(runtime.now()).toBe(240);
  });

  test('and the clock has its drift still, or the one it was given meanwhile', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime({ driftPpm: 100_000 });
    await world.advance(100);
    runtime.pause({ clock: 'stands-still' });
    await world.advance(100);
    runtime.setDrift(-100_000);
    await world.advance(100);
    runtime.resume();
    await world.advance(100);
    expect(runtime.now()).toBeCloseTo(110 + 90, 6);
  });
});
