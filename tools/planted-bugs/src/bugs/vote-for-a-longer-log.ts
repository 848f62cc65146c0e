import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, section 5.4.1: logs compared by length alone. */
export const voteForALongerLog: PlantedBug = {
  name: 'vote-for-a-longer-log',
  classes: ['row 10'],
  seen: 'Raft paper, section 5.4.1: logs compared by length alone',
  patches: [
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: '    return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);',
      replace: '    return ownTerm >= 0 && lastTerm >= 0 && lastIndex >= this.lastIndex;',
    },
  ],
  breaks: 'A long tail of an old term, never committed, wins over a shorter log that holds what was committed.',
  expected: ['leader-completeness'],
  scenario: 'long-old-tail',
};
