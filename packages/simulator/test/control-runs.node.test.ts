import { expect, test } from 'vitest';
import { simulate } from '../src/index.js';

/** Of a thousand; `npm run simulate -- --faults none --seeds 1..1000` runs all. */
const SEEDS = { from: 1, to: 10 };

test('a run without faults never fails: what the invariants and checkers find, faults have brought about', async () => {
  const { seeds, violations, counts, operations } = await simulate({ seeds: SEEDS, faults: [], faultsMs: 5_000 });
  expect(violations.map(({ plan, violation }) => [plan.seed, violation])).toEqual([]);
  expect([seeds, counts.size]).toEqual([10, 0]);
  expect(operations).toBeGreaterThan(100);
});
