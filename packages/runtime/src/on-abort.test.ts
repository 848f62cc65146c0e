import { expect, test } from 'vitest';
import { onAbort } from './on-abort.js';
import { delay, withDeadline } from './waits.js';
import { VirtualWorld } from './virtual.js';

/** A signal that knows how many listeners it has. */
function counted(): { readonly controller: AbortController; readonly listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  const listeners = new Set<unknown>();
  signal.addEventListener = (type: string, listener: EventListener, options?: AddEventListenerOptions): void => {
    listeners.add(listener);
    add(type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: EventListener): void => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { controller, listeners: () => listeners.size };
}

test('all are called once, in the order of their coming, but for those who took it back', () => {
  const { controller, listeners } = counted();
  const { signal } = controller;
  const called: number[] = [];
  const stops = [1, 2, 3, 4].map((each) => onAbort(signal, () => called.push(each)));
  stops[1]?.();
  stops[1]?.();
  onAbort(signal, () => stops[3]?.());
  expect(listeners()).toBe(1);
  controller.abort();
  controller.abort();
  expect(called).toEqual([1, 3, 4]);
  onAbort(signal, () => called.push(5));
  expect(called).toEqual([1, 3, 4]);
});

test('one that is taken back while others are called is not called', () => {
  const { controller } = counted();
  const called: string[] = [];
  const later: (() => void)[] = [];
  onAbort(controller.signal, () => later[0]?.());
  later.push(onAbort(controller.signal, () => called.push('taken back')));
  controller.abort();
  expect(called).toEqual([]);
});

test('however many wait for a signal, it has one listener; once nobody waits, none', async () => {
  const world = new VirtualWorld({ seed: 1 });
  const runtime = world.createRuntime();
  const { controller, listeners } = counted();
  const { signal } = controller;
  const expired = (): Error => new Error('too late');
  for (let round = 0; round < 30; round++) {
    const waits = [
      ...Array.from({ length: 20 }, () => delay(runtime, 10, signal)),
      withDeadline(runtime, { ms: 10, signal, expired }, () => new Promise<never>(() => undefined)),
      withDeadline(runtime, { ms: 10, signal, expired }, () => Promise.reject(new Error('failed at once'))),
      withDeadline(runtime, { ms: 10, signal, expired }, () => {
        throw new Error('failed at once');
      }),
    ];
    expect(listeners()).toBe(1);
    await world.settle(Promise.allSettled(waits));
    expect(listeners()).toBe(0);
  }
});
