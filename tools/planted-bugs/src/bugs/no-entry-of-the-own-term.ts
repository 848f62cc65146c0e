import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, section 8: a leader without its empty entry. */
export const noEntryOfTheOwnTerm: PlantedBug = {
  name: 'no-entry-of-the-own-term',
  classes: ['row 2', 'row 10'],
  seen: 'Raft paper, section 8: a leader without its empty entry',
  patches: [
    {
      file: 'packages/raft-core/src/role/transition.ts',
      find: ['  appendOwnEntries(raft, [entry]);', ''].join('\n'),
      replace: ['  if (entry.index === 1) appendOwnEntries(raft, [entry]);', ''].join('\n'),
    },
  ],
  breaks: 'What earlier terms left is not committed, and no read is served, until somebody happens to write.',
  expected: ['liveness'],
};
