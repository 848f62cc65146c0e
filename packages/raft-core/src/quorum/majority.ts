import type { VoteResult } from './vote-result.js';

/**
 * The highest index that a majority has reached (Raft paper, figure 2, Rules for Servers, Leaders).
 *
 * `indexes` holds one number for each voter, 0 for one that is not heard of, in any order; it is sorted in place.
 * No voters at all have reached everything: Infinity, so that an empty half of a joint quorum never holds up the other.
 */
export function majorityCommittedIndex(indexes: number[]): number {
  const count = indexes.length;
  if (count === 0) return Infinity;
  // Insertion sort: groups are small, nearly sorted, and asked for at every acknowledgement.
  for (let i = 1; i < count; i++) {
    const value = indexes[i] as number;
    let at = i - 1;
    while (at >= 0 && (indexes[at] as number) > value) {
      indexes[at + 1] = indexes[at] as number;
      at--;
    }
    indexes[at + 1] = value;
  }
  return indexes[count - ((count >> 1) + 1)] as number;
}

/**
 * How a majority has voted. `votes` holds one for each voter: true, false, or undefined for one that is not heard of.
 * No voters at all have elected anybody.
 */
export function majorityVoteResult(votes: readonly (boolean | undefined)[]): VoteResult {
  if (votes.length === 0) return 'won';
  let granted = 0;
  let missing = 0;
  for (const vote of votes) {
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  const quorum = (votes.length >> 1) + 1;
  if (granted >= quorum) return 'won';
  return granted + missing >= quorum ? 'pending' : 'lost';
}
