import { expect, test } from 'vitest';
import { compareWithThesis, measureElections } from './election-times.js';
import { THESIS_FIGURES } from './election-setup.js';

test('elections take as long as the Raft thesis says, within 10 % (section 9.4: five servers, 30 to 40 ms one way, timeouts of 300 to 600 ms)', async () => {
  const comparisons = await compareWithThesis(300, 'thesis');
  for (const { figure, times, meanDeviation, agrees } of comparisons) {
    const { name } = figure.setup;
    expect([name, times.count, Math.abs(meanDeviation) <= 0.1, agrees]).toEqual([name, 300, true, true]);
  }
  // Section 9.3: votes are split where too many servers time out within a message's way of each other, and more with fewer servers.
  const [one, two] = comparisons;
  expect(one?.times.splitRate).toBeGreaterThan(0.05);
  expect(one?.times.splitRate).toBeLessThan(0.14);
  expect(two?.times.splitRate).toBeGreaterThan(0.25);
  expect(two?.times.splitRate).toBeLessThan(0.4);
});

test('from the crash it takes half a heartbeat interval less, and a message’s way more, than from the last heartbeat', async () => {
  const setup = THESIS_FIGURES[0]!.setup;
  const times = await measureElections(setup, 100, 'crash');
  const expectedMs = times.meanMs - setup.heartbeatMs / 2 + 35;
  expect(Math.abs(times.meanFromCrashMs - expectedMs)).toBeLessThan(12);
});

test('a narrower range of timeouts splits more votes, as often as the theory says (thesis, section 9.3)', async () => {
  const setup = { ...THESIS_FIGURES[1]!.setup, name: 'narrow', electionTimeoutMinMs: 150, heartbeatMs: 70 };
  const times = await measureElections(setup, 100, 'narrow');
  // With a bare majority of three, votes are split unless both others time out more than a message's way after the first.
  const theory = 1 - (1 - 35 / 150) ** 3;
  expect(Math.abs(times.splitRate - theory)).toBeLessThan(0.1);
});

test('of one seed the same elections', async () => {
  const setup = THESIS_FIGURES[0]!.setup;
  const [one, again, other] = [
    await measureElections(setup, 5, 1),
    await measureElections(setup, 5, 1),
    await measureElections(setup, 5, 2),
  ];
  expect(again.meanMs).toBe(one.meanMs);
  expect(other.meanMs).not.toBe(one.meanMs);
});
