import type { PlantedBug } from '../planted-bug.js';

/** Half of an even number of voters taken for a majority. */
export const voteQuorumOffByOne: PlantedBug = {
  name: 'vote-quorum-off-by-one',
  classes: ['3.6 quorum'],
  seen: 'Half of an even number of voters taken for a majority',
  patches: [
    {
      file: 'packages/raft-core/src/quorum/majority.ts',
      find: ['  const quorum = (votes.length >> 1) + 1;', ''].join('\n'),
      replace: ['  const quorum = (votes.length + 1) >> 1;', ''].join('\n'),
    },
  ],
  breaks: 'In a group of two or four voters each half elects its leader.',
  expected: ['election-safety'],
};
