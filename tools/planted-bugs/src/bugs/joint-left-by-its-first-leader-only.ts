import type { PlantedBug } from '../planted-bug.js';

/** etcd #12136: the leader is lost before it leaves. */
export const jointLeftByItsFirstLeaderOnly: PlantedBug = {
  name: 'joint-left-by-its-first-leader-only',
  classes: ['row 15', '3.6 joint never left'],
  seen: 'etcd #12136: the leader is lost before it leaves',
  patches: [
    {
      file: 'packages/raft-core/src/role/transition.ts',
      find: ['  raft.pendingConfIndex = raft.log.lastIndex;', ''].join('\n'),
      replace: [
        '  raft.pendingConfIndex = raft.tracker.configuration.autoLeave ? Infinity : raft.log.lastIndex;',
        '',
      ].join('\n'),
    },
  ],
  breaks: 'A leader that was elected in a joint configuration never leaves it.',
  expected: ['liveness'],
  scenario: 'joint-leader-lost',
};
