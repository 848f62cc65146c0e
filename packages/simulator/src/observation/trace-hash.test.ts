import { describe, expect, test } from 'vitest';
import type { Observation } from './observation.js';
import { TraceHash } from './trace-hash.js';

const REPLICA = { node: 'n1', life: 1, nodeId: 1, group: 1 };
const STARTED: Observation = { kind: 'node-started', node: 'n1', life: 1 };
const APPLIED: Observation = {
  kind: 'applied',
  replica: REPLICA,
  commands: [{ index: 4, term: 2, data: Uint8Array.of(1, 2, 3) }],
  results: [Uint8Array.of(9)],
};

function hashOf(observations: readonly Observation[], nowMs = 1): string {
  const hash = new TraceHash(() => nowMs);
  for (const observation of observations) hash.observe(observation);
  return hash.digest();
}

describe('the trace hash', () => {
  test('is the same on every engine: golden values', () => {
    expect([hashOf([]), hashOf([STARTED]), hashOf([STARTED, APPLIED], 0.1)]).toMatchInlineSnapshot(`
      [
        "a9af49507267552a",
        "ad0efa25d5c2f04e",
        "37641badaa6ca5f6",
      ]
    `);
  });

  test('differs for another order, another time, another byte, another machine', () => {
    const other: Observation = { ...APPLIED, results: [Uint8Array.of(8)] };
    const hashes = [
      hashOf([STARTED, APPLIED]),
      hashOf([APPLIED, STARTED]),
      hashOf([STARTED, APPLIED], 2),
      hashOf([STARTED, other]),
      hashOf([{ ...STARTED, node: 'n2' }, APPLIED]),
      hashOf([STARTED]),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('counts what it was told', () => {
    const hash = new TraceHash(() => 0);
    hash.observe(STARTED);
    hash.observe(APPLIED);
    expect(hash.count).toBe(2);
  });
});
