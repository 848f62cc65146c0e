import { expect, test } from 'vitest';
import { FaultTally } from './lanes.js';

test('faults are counted by kind and by what was done; a kind that never struck shows as 0', () => {
  const tally = new FaultTally();
  tally.struck('kill', 'leader');
  tally.struck('kill', 'all');
  tally.struck('kill', 'leader');
  tally.struck('slow', 'one');
  expect(tally.of('kill')).toBe(3);
  expect(tally.of('pause')).toBe(0);
  expect(tally.text(['kill', 'pause', 'slow'])).toBe('kill 3 (all 1, leader 2), pause 0, slow 1 (one 1)');
});
