import type { PlantedBug } from '../planted-bug.js';

/** Any vote that is not synced before it is answered. */
export const voteNotPersisted: PlantedBug = {
  name: 'vote-not-persisted',
  classes: ['row 6'],
  seen: 'Any vote that is not synced before it is answered',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/append-queue.ts',
      find: '    const voted = hardState !== undefined && (hardState.term !== queue.term || hardState.vote !== queue.vote);',
      replace: '    const voted = hardState !== undefined && hardState.term !== queue.term && hardState.vote === 0;',
    },
  ],
  breaks:
    'Term and vote cause no write of their own; after a crash the node votes again in a term in which it has voted.',
  expected: ['one-vote', 'monotonic-term'],
};
