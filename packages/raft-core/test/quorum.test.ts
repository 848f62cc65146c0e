import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  jointCommittedIndex,
  jointVoteResult,
  majorityCommittedIndex,
  majorityVoteResult,
  type VoteResult,
} from '../src/index.js';

const indexes = fc.array(fc.nat({ max: 20 }), { maxLength: 11 });
const largeIndexes = fc.array(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { maxLength: 11 });
const votes = fc.array(fc.option(fc.boolean(), { nil: undefined }), { maxLength: 11 });

/** The definition itself: the largest index that more than half of the voters have reached. */
function committedByDefinition(acked: readonly number[]): number {
  if (acked.length === 0) return Infinity;
  const onMajority = [0, ...acked].filter((index) => acked.filter((other) => other >= index).length * 2 > acked.length);
  return Math.max(...onMajority);
}

/** The definition itself: won if all who are missing may say no, lost if all who are missing may say yes. */
function voteByDefinition(cast: readonly (boolean | undefined)[]): VoteResult {
  if (cast.length === 0) return 'won';
  const yes = cast.filter((vote) => vote === true).length;
  const possible = cast.filter((vote) => vote !== false).length;
  if (yes * 2 > cast.length) return 'won';
  return possible * 2 > cast.length ? 'pending' : 'lost';
}

describe('commit index of a majority (Raft paper, figure 2)', () => {
  test('equals its definition, in any order of voters', () => {
    fc.assert(
      fc.property(fc.oneof(indexes, largeIndexes), (acked) => {
        expect(majorityCommittedIndex([...acked])).toBe(committedByDefinition(acked));
        expect(majorityCommittedIndex(acked.toReversed())).toBe(committedByDefinition(acked));
      }),
      { numRuns: 3000 },
    );
  });

  test('no voters have committed everything', () => {
    expect(majorityCommittedIndex([])).toBe(Infinity);
  });

  test('it is not the highest, the lowest or the middle of an unsorted list: openraft #1802', () => {
    expect(majorityCommittedIndex([9, 1, 2])).toBe(2);
    expect(majorityCommittedIndex([1, 9, 2, 3])).toBe(2);
    expect(majorityCommittedIndex([5, 0, 0])).toBe(0);
  });

  test('never falls when a voter advances', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 9 }), fc.nat(), (acked, seed) => {
        const advanced = acked.with(seed % acked.length, (acked[seed % acked.length] ?? 0) + 1);
        expect(majorityCommittedIndex([...advanced])).toBeGreaterThanOrEqual(majorityCommittedIndex([...acked]));
      }),
    );
  });
});

describe('commit index of a joint configuration (Raft paper, section 6)', () => {
  test('is the lower of its halves, whichever stands first', () => {
    fc.assert(
      fc.property(indexes, indexes, (incoming, outgoing) => {
        const expected = Math.min(committedByDefinition(incoming), committedByDefinition(outgoing));
        expect(jointCommittedIndex([...incoming], [...outgoing])).toBe(expected);
        expect(jointCommittedIndex([...outgoing], [...incoming])).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('joint with nobody, or with itself, is the majority alone', () => {
    fc.assert(
      fc.property(indexes, (acked) => {
        const alone = majorityCommittedIndex([...acked]);
        expect(jointCommittedIndex([...acked], [])).toBe(alone);
        expect(jointCommittedIndex([...acked], [...acked])).toBe(alone);
      }),
    );
  });
});

describe('result of a vote', () => {
  test('of a majority equals its definition', () => {
    fc.assert(
      fc.property(votes, (cast) => {
        expect(majorityVoteResult(cast)).toBe(voteByDefinition(cast));
      }),
      { numRuns: 2000 },
    );
  });

  test('of a joint configuration is won when both halves are, and lost when either is', () => {
    fc.assert(
      fc.property(votes, votes, (incoming, outgoing) => {
        const halves = [voteByDefinition(incoming), voteByDefinition(outgoing)];
        const expected = halves.includes('lost') ? 'lost' : halves.includes('pending') ? 'pending' : 'won';
        expect(jointVoteResult(incoming, outgoing)).toBe(expected);
        expect(jointVoteResult(outgoing, incoming)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('a further vote never takes back what is decided', () => {
    fc.assert(
      fc.property(votes, fc.boolean(), (cast, vote) => {
        const before = majorityVoteResult(cast);
        const missing = cast.indexOf(undefined);
        if (before !== 'pending' && missing >= 0) expect(majorityVoteResult(cast.with(missing, vote))).toBe(before);
      }),
    );
  });
});
