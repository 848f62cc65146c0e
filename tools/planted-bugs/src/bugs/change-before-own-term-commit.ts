import type { PlantedBug } from '../planted-bug.js';

/** Ongaro 2015: single-server changes of two leaders. */
export const changeBeforeOwnTermCommit: PlantedBug = {
  name: 'change-before-own-term-commit',
  classes: ['row 13', '3.6 two changes'],
  seen: 'Ongaro 2015: single-server changes of two leaders',
  patches: [
    {
      file: 'packages/raft-core/src/role/transition.ts',
      find: ['  raft.pendingConfIndex = raft.log.lastIndex;', ''].join('\n'),
      replace: '',
    },
    {
      file: 'packages/cluster/src/raft-loop/learner-watch.ts',
      find: '      log.term(raw.commit) === raw.term',
      replace: '      log.term(raw.commit) <= raw.term',
    },
  ],
  breaks:
    'A new leader changes the membership while a change of its predecessor may be in its log: two majorities without a common node. Both guards go.',
  expected: ['one-configuration-history', 'election-safety'],
};
