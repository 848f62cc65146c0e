import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #14: all data gone on failover; Raft paper, section 5.4.1, left out. */
export const voteForAnOlderLog: PlantedBug = {
  name: 'vote-for-an-older-log',
  classes: ['row 10'],
  seen: 'RedisRaft #14: all data gone on failover; Raft paper, section 5.4.1, left out',
  patches: [
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: '    return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);',
      replace: '    return lastTerm >= ownTerm;',
    },
  ],
  breaks: 'A shorter log of the same term wins, and what was committed behind its end is overwritten.',
  expected: ['leader-completeness'],
};
