import { expect, test } from 'vitest';
import { jointCommittedIndex, jointVoteResult } from './joint.js';
import { majorityCommittedIndex, majorityVoteResult } from './majority.js';

test.each([
  [[], Infinity],
  [[5], 5],
  [[5, 9], 5],
  [[9, 5, 7], 7],
  [[0, 0, 7], 0],
  [[4, 1, 3, 2], 2],
  [[5, 4, 3, 2, 1], 3],
  [[2 ** 40, 2 ** 41, 1], 2 ** 40],
])('the index that a majority of %j has reached', (indexes, committed) => {
  expect(majorityCommittedIndex([...indexes])).toBe(committed);
});

test('a joint quorum needs both halves; an empty half never holds up the other', () => {
  expect(jointCommittedIndex([5, 5, 5], [1, 9, 2])).toBe(2);
  expect(jointCommittedIndex([5, 5, 5], [])).toBe(5);
});

test.each([
  [[], 'won'],
  [[undefined], 'pending'],
  [[true, undefined, undefined], 'pending'],
  [[true, true, undefined], 'won'],
  [[false, false, undefined], 'lost'],
  [[false, true, undefined], 'pending'],
  [[false, true], 'lost'],
] as const)('votes %j are %s', (votes, result) => {
  expect(majorityVoteResult(votes)).toBe(result);
});

test('a joint election is lost with either half and won with both', () => {
  expect(jointVoteResult([true], [false])).toBe('lost');
  expect(jointVoteResult([true], [undefined])).toBe('pending');
  expect(jointVoteResult([undefined], [false])).toBe('lost');
  expect(jointVoteResult([true], [true])).toBe('won');
});
