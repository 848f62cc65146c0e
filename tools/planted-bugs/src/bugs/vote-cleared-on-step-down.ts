import type { PlantedBug } from '../planted-bug.js';

/** CCF #5891: a candidate that steps down within its term clears its vote. */
export const voteClearedOnStepDown: PlantedBug = {
  name: 'vote-cleared-on-step-down',
  classes: ['row 6'],
  seen: 'CCF #5891: a candidate that steps down within its term clears its vote',
  patches: [
    {
      file: 'packages/raft-core/src/role/transition.ts',
      find: ['    raft.term = term;', '    raft.vote = 0;', '  }', ''].join('\n'),
      replace: ['    raft.term = term;', '  }', '  raft.vote = 0;', ''].join('\n'),
    },
  ],
  breaks: 'Who has voted in a term and becomes a follower in it votes again: two leaders of one term.',
  expected: ['one-vote', 'election-safety'],
};
