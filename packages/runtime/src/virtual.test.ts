import { expect, test } from 'vitest';
import { delay } from './index.js';
import { VirtualDeadline, VirtualWorld } from './virtual.js';

test('events happen in the order of time, then source, then sequence', async () => {
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

test('settle drives the world until the promise settles', async () => {
  const world = new VirtualWorld();
  const runtime = world.createRuntime();
  const value = await world.settle(delay(runtime, 250).then(() => 'late'));
  expect(value).toBe('late');
  expect(world.now()).toBe(250);
  await expect(world.settle(Promise.reject(new Error('no')))).rejects.toThrow('no');
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
