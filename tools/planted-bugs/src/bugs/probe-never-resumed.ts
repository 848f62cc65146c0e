import type { PlantedBug } from '../planted-bug.js';

/** hashicorp #612: replication stuck while heartbeats flow. */
export const probeNeverResumed: PlantedBug = {
  name: 'probe-never-resumed',
  classes: ['3.6 stuck replication'],
  seen: 'hashicorp #612: replication stuck while heartbeats flow',
  patches: [
    {
      file: 'packages/raft-core/src/role/leader.ts',
      find: ['  peer.recentActive = true;', '  peer.flowPaused = false;', ''].join('\n'),
      replace: ['  peer.recentActive = true;', ''].join('\n'),
    },
  ],
  breaks: 'After one lost append a follower is never sent another.',
  expected: ['liveness'],
};
