import { systemRuntime } from '@flotilla/runtime/system';
import { describe, expect, test } from 'vitest';
import { canonicalOrigin, multiplexOptions } from './carrier-options.js';

const KEEP_ALIVE = { intervalMs: 5, missedMax: 3 };
const invalid = expect.objectContaining({ code: 'InvalidConfig' });

describe('options of carriers', () => {
  test('have defaults, and can turn keep-alive off', () => {
    const options = multiplexOptions({ runtime: systemRuntime }, KEEP_ALIVE);
    expect(options).toMatchObject({
      keepAlive: KEEP_ALIVE,
      limits: { connectionsMax: 4_096 },
      metrics: { malformed: 0 },
    });
    expect(multiplexOptions({ runtime: systemRuntime, keepAlive: 'off' }, KEEP_ALIVE).keepAlive).toBeUndefined();
    expect(multiplexOptions({ runtime: systemRuntime }, KEEP_ALIVE).metrics).not.toBe(options.metrics);
  });

  test('of a keep-alive or limits that make no sense are refused', () => {
    for (const keepAlive of [
      { intervalMs: 0, missedMax: 3 },
      { intervalMs: 5, missedMax: 0 },
      { intervalMs: Number.NaN, missedMax: 3 },
    ]) {
      expect(() => multiplexOptions({ runtime: systemRuntime, keepAlive }, KEEP_ALIVE)).toThrow(invalid);
    }
    expect(() => multiplexOptions({ runtime: systemRuntime, limits: { connectionsMax: 0 } }, KEEP_ALIVE)).toThrow(
      invalid,
    );
  });
});

describe('origins of pages (RFC 6454)', () => {
  test('are taken as browsers write them', () => {
    expect(canonicalOrigin('https://App.Example/')).toBe('https://app.example');
    expect(canonicalOrigin('http://localhost:8080')).toBe('http://localhost:8080');
  });

  for (const origin of [
    '*',
    'null',
    'https://a/b',
    'https://a?b',
    'app.example',
    'https://*.example',
    'https://a:443',
    '',
  ]) {
    test(`${JSON.stringify(origin)} is refused`, () => expect(() => canonicalOrigin(origin)).toThrow(invalid));
  }
});
