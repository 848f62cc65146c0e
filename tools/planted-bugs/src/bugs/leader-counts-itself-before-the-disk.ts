import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 10.2.1, turned around. */
export const leaderCountsItselfBeforeTheDisk: PlantedBug = {
  name: 'leader-counts-itself-before-the-disk',
  classes: ['row 7'],
  seen: 'Thesis, section 10.2.1, turned around',
  patches: [
    {
      file: 'packages/raft-core/src/replication/own-entries.ts',
      find: ['  raft.acknowledge(raft.id, raft.log.lastIndex);', ''].join('\n'),
      replace: [
        '  if (!raft.tracker.isSingleton) raft.tracker.find(raft.id)?.acknowledge(raft.log.lastIndex);',
        '  raft.acknowledge(raft.id, raft.log.lastIndex);',
        '',
      ].join('\n'),
    },
  ],
  breaks: 'One follower is enough to commit what the leader itself has not got on disk.',
  expected: ['committed-on-quorum'],
};
