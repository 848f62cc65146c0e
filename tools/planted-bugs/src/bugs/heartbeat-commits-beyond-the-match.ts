import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, section 5.3: a heartbeat that says more than its follower is known to have. */
export const heartbeatCommitsBeyondTheMatch: PlantedBug = {
  name: 'heartbeat-commits-beyond-the-match',
  classes: ['3.6 commit index'],
  seen: 'Raft paper, section 5.3: a heartbeat that says more than its follower is known to have',
  patches: [
    {
      file: 'packages/raft-core/src/replication/heartbeat.ts',
      find: '    const commit = Math.min(peer.match, raft.log.commit);',
      replace: '    const commit = peer.match === 0 ? 0 : raft.log.commit;',
    },
  ],
  breaks: 'A follower commits entries of its own that the leader will replace.',
  expected: ['state-machine-safety', 'log-matching'],
};
