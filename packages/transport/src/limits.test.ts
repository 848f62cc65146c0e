import { isFlotillaError } from '@flotilla/errors';
import { expect, test } from 'vitest';
import { defaultTransportLimits, transportLimits } from './limits.js';

test('what is left out has its default', () => {
  expect(transportLimits()).toEqual(defaultTransportLimits);
  expect(transportLimits({ connectionsMax: 7 })).toEqual({ ...defaultTransportLimits, connectionsMax: 7 });
});

test('the queue holds at least one frame of the largest size', () => {
  expect(transportLimits({ frameBytesMax: 64 * 1024 * 1024 }).queuedBytesMax).toBe(64 * 1024 * 1024);
});

test('a limit that cannot be is refused by name', () => {
  const bad: readonly [object, string][] = [
    [{ frameBytesMax: 0 }, 'limits.frameBytesMax'],
    [{ connectionsMax: -1 }, 'limits.connectionsMax'],
    [{ handshakeTimeoutMs: 1.5 }, 'limits.handshakeTimeoutMs'],
    [{ requestsInFlightMax: Number.NaN }, 'limits.requestsInFlightMax'],
    [{ frameBytesMax: 100, queuedBytesMax: 99 }, 'limits.queuedBytesMax'],
    [{ frameBytesMax: 2 ** 31 }, 'limits.frameBytesMax'],
    [{ framesMax: 1 }, 'limits.framesMax'],
  ];
  for (const [given, key] of bad) {
    let thrown: unknown;
    try {
      transportLimits(given);
    } catch (error) {
      thrown = error;
    }
    expect(isFlotillaError(thrown, 'InvalidConfig') && thrown.details.key, JSON.stringify(given)).toBe(key);
  }
});
