import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 10.2.1, turned around: a candidate counts its own vote at once. */
export const ownVoteCountedBeforeDisk: PlantedBug = {
  name: 'own-vote-counted-before-disk',
  classes: ['row 6'],
  seen: 'Thesis, section 10.2.1, turned around: a candidate counts its own vote at once',
  patches: [
    {
      file: 'packages/raft-core/src/role/election.ts',
      find: ["      // Counted once it is durable, as everybody else's.", ''].join('\n'),
      replace: ['      raft.tracker.recordVote(id, true);', ''].join('\n'),
    },
  ],
  breaks:
    'With one more vote the candidate leads before its own vote is durable; after a crash it votes for another in the same term.',
  expected: ['one-vote', 'election-safety'],
};
