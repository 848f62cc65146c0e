import { VirtualWorld } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { Exclusive, Lanes } from './exclusive.js';
import { pause, Throttle, within } from './throttle.js';

describe('Throttle', () => {
  test('lets through so many bytes a second, and saves up no more than a tenth of a second', async () => {
    const world = new VirtualWorld();
    const throttle = new Throttle(world.createRuntime(), 1_000);
    const { signal } = new AbortController();
    const ends: number[] = [];
    await world.advance(5_000);
    const all = (async () => {
      for (let at = 0; at < 5; at++) {
        await throttle.take(500, signal);
        ends.push(world.now() - 5_000);
      }
    })();
    await world.settle(all);
    expect(ends).toEqual([0, 400, 900, 1_400, 1_900]);
  });

  test('a wait ends at once when it is given up', async () => {
    const world = new VirtualWorld();
    const throttle = new Throttle(world.createRuntime(), 1);
    const abort = new AbortController();
    await throttle.take(1_000, abort.signal);
    const waiting = throttle.take(1, abort.signal).catch((error: unknown) => error);
    abort.abort();
    expect(await waiting).toMatchObject({ code: 'Aborted' });
    expect(world.pending).toBe(0);
  });
});

describe('within', () => {
  test('gives what comes in time, Timeout for what does not, Aborted when given up', async () => {
    const world = new VirtualWorld();
    const runtime = world.createRuntime();
    const abort = new AbortController();
    const { signal } = abort;
    expect(
      await world.settle(
        within(
          runtime,
          'x',
          100,
          signal,
          pause(runtime, 50, signal).then(() => 7),
        ),
      ),
    ).toBe(7);
    const late = within(runtime, 'x', 100, signal, pause(runtime, 500, signal)).catch((error: unknown) => error);
    expect(await world.settle(late)).toMatchObject({ code: 'Timeout', details: { operation: 'x', ms: 100 } });
    const given = within(runtime, 'x', 100, signal, new Promise(() => undefined)).catch((error: unknown) => error);
    abort.abort();
    expect(await given).toMatchObject({ code: 'Aborted' });
  });
});

describe('Exclusive and Lanes', () => {
  test('tasks of one key run one after the other, a failed one holds up nobody', async () => {
    const exclusive = new Exclusive();
    const order: string[] = [];
    const task = (name: string, ticks: number) => async () => {
      order.push(`${name} begins`);
      for (let at = 0; at < ticks; at++) await Promise.resolve();
      order.push(`${name} ends`);
      if (name === 'a') throw new Error('a');
    };
    const a = exclusive.run(1, task('a', 5)).catch((error: Error) => error.message);
    const b = exclusive.run(1, task('b', 1));
    const c = exclusive.run(2, task('c', 1));
    expect(await a).toBe('a');
    await Promise.all([b, c, exclusive.idle()]);
    expect(order.filter((text) => !text.startsWith('c'))).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    expect(order.indexOf('c ends')).toBeLessThan(order.indexOf('a ends'));
  });

  test('so many at a time, the others in order', async () => {
    const lanes = new Lanes(2);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 7 }, (_, at) =>
        lanes.run(async () => {
          running++;
          most = Math.max(most, running);
          order.push(at);
          await Promise.resolve();
          running--;
        }),
      ),
    );
    expect([most, order, lanes.isFull]).toEqual([2, [0, 1, 2, 3, 4, 5, 6], false]);
  });
});
