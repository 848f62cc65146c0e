import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import { Lifecycle, oneHot } from './lifecycle.js';
import { LIFECYCLE_PHASES, type LifecycleState } from './lifecycle-state.js';

describe('lifecycle', () => {
  test('starts at starting, and tells listeners of each transition once, with the state before', () => {
    const lifecycle = new Lifecycle();
    const seen: [LifecycleState, LifecycleState][] = [];
    const unwatch = lifecycle.watch((state, previous) => seen.push([state, previous]));
    lifecycle.to({ phase: 'joining', attempt: 0 });
    lifecycle.to({ phase: 'joining', attempt: 0 });
    lifecycle.to({ phase: 'joining', attempt: 1 });
    unwatch();
    lifecycle.to({ phase: 'ready', nodes: 2 });
    expect(seen).toEqual([
      [{ phase: 'joining', attempt: 0 }, { phase: 'starting' }],
      [
        { phase: 'joining', attempt: 1 },
        { phase: 'joining', attempt: 0 },
      ],
    ]);
  });

  test('whenReady resolves at ready, also later', async () => {
    const lifecycle = new Lifecycle();
    const early = lifecycle.whenReady();
    lifecycle.to({ phase: 'ready', nodes: 1 });
    await early;
    await lifecycle.whenReady();
  });

  test('whenReady rejects with the error that made the node fail', async () => {
    const lifecycle = new Lifecycle();
    const waiting = lifecycle.whenReady();
    const error = new FlotillaError('JoinNoSeeds', { message: 'nobody to ask', details: {} });
    lifecycle.fail(error);
    await expect(waiting).rejects.toBe(error);
    await expect(lifecycle.whenReady()).rejects.toBe(error);
    expect(lifecycle.state).toEqual({ phase: 'failed', reason: error.message });
  });

  test('what made a node fail is what failed first', async () => {
    const lifecycle = new Lifecycle();
    const first = new FlotillaError('StorageFailed', { message: 'disk', details: { operation: 'save', path: 'x' } });
    lifecycle.fail(first);
    lifecycle.fail(new FlotillaError('Shutdown', { message: 'what was under way', details: {} }));
    await expect(lifecycle.whenReady()).rejects.toBe(first);
    expect(lifecycle.state).toEqual({ phase: 'failed', reason: first.message });
  });

  test('whenReady is given up on abort, and leaves no listener', async () => {
    const lifecycle = new Lifecycle();
    const controller = new AbortController();
    const waiting = lifecycle.whenReady(controller.signal);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'Aborted' });
    await expect(lifecycle.whenReady(AbortSignal.abort())).rejects.toMatchObject({ code: 'Aborted' });
  });

  test('stopping is the last state, and waiters get Shutdown', async () => {
    const lifecycle = new Lifecycle();
    const waiting = lifecycle.whenReady();
    lifecycle.to({ phase: 'stopping' });
    lifecycle.to({ phase: 'ready', nodes: 1 });
    lifecycle.fail(new FlotillaError('Shutdown', { message: 'late', details: {} }));
    expect(lifecycle.state).toEqual({ phase: 'stopping' });
    await expect(waiting).rejects.toMatchObject({ code: 'Shutdown' });
  });

  test('the gauge is one-hot in every state', () => {
    const states: LifecycleState[] = [
      { phase: 'starting' },
      { phase: 'restarting' },
      { phase: 'bootstrapping' },
      { phase: 'joining', attempt: 3 },
      { phase: 'ready', nodes: 3 },
      { phase: 'failed', reason: 'disk' },
      { phase: 'stopping' },
    ];
    for (const state of states) {
      const row = LIFECYCLE_PHASES.map((phase) => oneHot(state, phase));
      expect(row.filter((value) => value === 1)).toHaveLength(1);
      expect(LIFECYCLE_PHASES[row.indexOf(1)]).toBe(state.phase);
    }
  });
});
