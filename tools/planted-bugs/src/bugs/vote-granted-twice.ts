import type { PlantedBug } from '../planted-bug.js';

/** RequestVote of figure 2 without its votedFor. */
export const voteGrantedTwice: PlantedBug = {
  name: 'vote-granted-twice',
  classes: ['row 6'],
  seen: 'RequestVote of figure 2 without its votedFor',
  patches: [
    {
      file: 'packages/raft-core/src/role/election.ts',
      find: '    raft.vote === from || (raft.vote === 0 && raft.leader === 0) || (isPreVote && message.term > raft.term);',
      replace: '    raft.vote === from || raft.leader === 0 || (isPreVote && message.term > raft.term);',
    },
  ],
  breaks: 'While no leader of the term is known, everybody who asks gets the vote: two leaders of one term.',
  expected: ['one-vote', 'election-safety'],
};
