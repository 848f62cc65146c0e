import { majorityCommittedIndex, majorityVoteResult } from './majority.js';
import type { VoteResult } from './vote-result.js';

/**
 * The highest index that majorities of both halves have reached (Raft paper, section 6).
 * Both arrays as for `majorityCommittedIndex`; both are sorted in place.
 */
export function jointCommittedIndex(incoming: number[], outgoing: number[]): number {
  return Math.min(majorityCommittedIndex(incoming), majorityCommittedIndex(outgoing));
}

/** Won when both halves have won, lost when either has lost. */
export function jointVoteResult(
  incoming: readonly (boolean | undefined)[],
  outgoing: readonly (boolean | undefined)[],
): VoteResult {
  const first = majorityVoteResult(incoming);
  const second = majorityVoteResult(outgoing);
  if (first === second) return first;
  return first === 'lost' || second === 'lost' ? 'lost' : 'pending';
}
