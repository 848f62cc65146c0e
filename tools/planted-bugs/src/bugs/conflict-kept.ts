import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, figure 2, AppendEntries rule 3. */
export const conflictKept: PlantedBug = {
  name: 'conflict-kept',
  classes: ['row 25'],
  seen: 'Raft paper, figure 2, AppendEntries rule 3',
  patches: [
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: '      if (existingTerm !== entry.term) {',
      replace: '      if (existingTerm === 0 && entry.term > 0) {',
    },
  ],
  breaks: 'Entries of an earlier leader stay where the leader has others.',
  expected: ['log-matching', 'state-machine-safety'],
};
