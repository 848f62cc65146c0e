import { describe, expect, test } from 'vitest';
import { runtimeConformance } from './conformance.js';
import { promptTimers } from './prompt-timers.js';
import type { Runtime } from './runtime.js';
import { VirtualWorld } from './virtual.js';

/** A host that lets timers fire at whole multiples of `everyMs` only, as browsers do in the background. */
function heldBack(runtime: Runtime, everyMs: number): Runtime {
  return {
    now: () => runtime.now(),
    wallClock: () => runtime.wallClock(),
    setTimer: (delayMs, callback) => {
      const due = Math.ceil((runtime.now() + delayMs) / everyMs) * everyMs;
      return runtime.setTimer(due - runtime.now(), callback);
    },
    nextTurn: (callback) => runtime.nextTurn(callback),
    random: () => runtime.random(),
    randomBytes: (length) => runtime.randomBytes(length),
  };
}

describe('prompt timers over a host that holds none back', () => {
  runtimeConformance({ describe, test }, () => {
    const world = new VirtualWorld({ seed: 1 });
    return { runtime: promptTimers(world.createRuntime()), settle: (work) => world.settle(work) };
  });
});

describe('prompt timers over a host that holds them back', () => {
  /** Something arrives every 100 ms, and is dealt with in a turn. */
  function busy(): { readonly world: VirtualWorld; readonly runtime: Runtime } {
    const world = new VirtualWorld({ seed: 1 });
    const runtime = promptTimers(heldBack(world.createRuntime(), 60_000));
    const network = world.createRuntime();
    const arrive = (): void => {
      runtime.nextTurn(() => undefined);
      network.setTimer(100, arrive);
    };
    arrive();
    return { world, runtime };
  }

  test('they fire with what arrives, each once, in order of time, and never too soon', async () => {
    const { world, runtime } = busy();
    const fired: [number, number][] = [];
    for (const delayMs of [700, 250, 1_330, 250, 60_050, 20]) {
      runtime.setTimer(delayMs, () => fired.push([delayMs, world.now()]));
    }
    await world.advance(200_000);
    expect(fired.map(([delayMs]) => delayMs)).toEqual([20, 250, 250, 700, 1_330, 60_050]);
    for (const [delayMs, atMs] of fired) {
      expect(atMs).toBeGreaterThanOrEqual(delayMs);
      expect(atMs - delayMs).toBeLessThan(200);
    }
  });

  test('where nothing arrives they fire when the host lets them', async () => {
    const world = new VirtualWorld({ seed: 1 });
    const runtime = promptTimers(heldBack(world.createRuntime(), 1_000));
    let atMs = 0;
    runtime.setTimer(250, () => (atMs = world.now()));
    await world.advance(5_000);
    expect(atMs).toBe(1_000);
  });

  test('a cancelled one never fires, also if another of the same turn cancels it; thousands of them are not kept', async () => {
    const { world, runtime } = busy();
    let fired = 0;
    const second = { cancel: (): void => undefined };
    runtime.setTimer(100, () => second.cancel());
    const timer = runtime.setTimer(101, () => fired++);
    second.cancel = () => timer.cancel();
    for (let at = 0; at < 10_000; at++) runtime.setTimer(at, () => fired++).cancel();
    await world.advance(120_000);
    expect(fired).toBe(0);
  });

  test('one that sets itself again keeps its pace', async () => {
    const { world, runtime } = busy();
    let ticks = 0;
    const tick = (): void => {
      ticks++;
      runtime.setTimer(50, tick);
    };
    tick();
    await world.advance(10_000);
    expect(ticks).toBeGreaterThan(90);
  });
});
