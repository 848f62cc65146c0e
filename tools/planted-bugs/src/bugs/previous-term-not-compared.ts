import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, figure 2, AppendEntries rule 2. */
export const previousTermNotCompared: PlantedBug = {
  name: 'previous-term-not-compared',
  classes: ['row 25'],
  seen: 'Raft paper, figure 2, AppendEntries rule 2',
  patches: [
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: '    if (!this.matches(index, logTerm)) return -1;',
      replace: '    if (index > this.lastIndex || logTerm < 0) return -1;',
    },
  ],
  breaks: "Entries are put behind another leader's: two logs with the same last entry differ before it.",
  expected: ['log-matching'],
  scenario: 'long-old-tail',
};
