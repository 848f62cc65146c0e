import type { PlantedBug } from '../planted-bug.js';

/** A term that is remembered only with the next vote or entry. */
export const termNotPersisted: PlantedBug = {
  name: 'term-not-persisted',
  classes: ['row 6'],
  seen: 'A term that is remembered only with the next vote or entry',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/append-queue.ts',
      find: '(hardState.term !== queue.term || hardState.vote !== queue.vote)',
      replace: 'hardState.vote !== 0 && hardState.vote !== queue.vote',
    },
  ],
  breaks: 'A node that answered in a term comes back from a crash in an earlier one.',
  expected: ['monotonic-term'],
};
