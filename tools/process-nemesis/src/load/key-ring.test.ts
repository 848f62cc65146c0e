import { Prng } from '@flotilla/runtime/virtual';
import { expect, test } from 'vitest';
import { KeyRing } from './key-ring.js';

test('a few keys are in use, and each gives way to a fresh one after so many operations', () => {
  const ring = new KeyRing('k/');
  const random = new Prng(1);
  const counts = new Map<string, number>();
  for (let drawn = 0; drawn < 20_000; drawn++) {
    const key = ring.draw(random);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  expect(new Set(ring.all)).toEqual(new Set([...counts.keys(), ...ring.all.slice(-6)]));
  expect(Math.max(...counts.values())).toBe(1_000);
  expect(ring.all.length).toBeGreaterThan(20);
});

test('a key with many operations of unknown outcome gives way sooner, since each of them multiplies what may have happened', () => {
  const ring = new KeyRing('k/');
  for (let time = 0; time < 15; time++) ring.indeterminate('k/3');
  expect(ring.all).toHaveLength(6);
  ring.indeterminate('k/3');
  expect(ring.all).toHaveLength(7);
  // It is out of use: more of them change nothing.
  ring.indeterminate('k/3');
  expect(ring.all).toHaveLength(7);
  const random = new Prng(2);
  for (let drawn = 0; drawn < 500; drawn++) expect(ring.draw(random)).not.toBe('k/3');
});
