import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeepAlive } from './keep-alive.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function watched(idleTimeoutMs: number, keepAliveMs: number) {
  const seen = { pings: 0, idle: 0 };
  const keepAlive = new KeepAlive({
    idleTimeoutMs,
    keepAliveMs,
    ping: () => {
      seen.pings++;
    },
    idle: () => {
      seen.idle++;
      keepAlive.stop();
    },
  });
  return { keepAlive, seen };
}

test('a quiet peer is pinged, and one that never answers is given up in time', async () => {
  const { seen } = watched(3_000, 1_000);
  await vi.advanceTimersByTimeAsync(2_900);
  expect(seen.idle).toBe(0);
  expect(seen.pings).toBeGreaterThanOrEqual(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen.idle).toBe(1);
});

test('a peer that is heard is neither pinged nor given up', async () => {
  const { keepAlive, seen } = watched(3_000, 1_000);
  for (let at = 0; at < 100; at++) {
    await vi.advanceTimersByTimeAsync(100);
    keepAlive.heard();
  }
  keepAlive.stop();
  expect(seen).toEqual({ pings: 0, idle: 0 });
});

test('a process that stood still asks again before it blames the peer', async () => {
  const { keepAlive, seen } = watched(3_000, 1_000);
  await vi.advanceTimersByTimeAsync(700);
  // The clock goes on and no timer runs: a stopped machine, a hidden page.
  vi.setSystemTime(Date.now() + 60_000);
  const clock = performance.now();
  const stopped = vi.spyOn(performance, 'now').mockImplementation(() => clock + 60_000);
  await vi.advanceTimersByTimeAsync(760);
  expect(seen.idle).toBe(0);
  expect(seen.pings).toBeGreaterThanOrEqual(1);
  stopped.mockRestore();
  keepAlive.stop();
});
