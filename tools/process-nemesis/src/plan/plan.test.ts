import { expect, test } from 'vitest';
import { laneOf, NEMESES, NEMESIS_KINDS, type NemesisKind, strikesOf } from './plan.js';

const first = (seed: string, lane: keyof typeof NEMESES, count: number, kinds = NEMESIS_KINDS): NemesisKind[] => {
  const drawn: NemesisKind[] = [];
  for (const { kind } of strikesOf(seed, lane, kinds)) if (drawn.push(kind) === count) break;
  return drawn;
};

test('the same seed gives the same strikes, another one others', () => {
  expect(first('7', 'processes', 40)).toEqual(first('7', 'processes', 40));
  expect(first('7', 'processes', 40)).not.toEqual(first('8', 'processes', 40));
});

test('every kind of a lane strikes before all of them have struck again', () => {
  expect(new Set(first('1', 'links', NEMESES.links.length))).toEqual(new Set(NEMESES.links));
  // Kills and pauses come twice.
  expect(new Set(first('1', 'processes', NEMESES.processes.length + 2))).toEqual(new Set(NEMESES.processes));
});

test('only what was asked for strikes; a lane of which nothing was asked for is empty', () => {
  expect(new Set(first('1', 'links', 9, ['kill', 'slow']))).toEqual(new Set(['slow']));
  expect(first('1', 'links', 9, ['kill'])).toEqual([]);
});

test('strikes of a lane draw from sources of their own', () => {
  const [one, other] = [...takeTwo(strikesOf('3', 'links', NEMESIS_KINDS))];
  expect(one?.random.u32()).not.toBe(other?.random.u32());
});

test('every kind has one lane', () => {
  for (const kind of NEMESIS_KINDS) expect(NEMESES[laneOf(kind)]).toContain(kind);
});

function* takeTwo<T>(items: Iterable<T>): Generator<T> {
  let taken = 0;
  for (const item of items) {
    yield item;
    if (++taken === 2) return;
  }
}
