import type { PlantedBug } from '../planted-bug.js';

/** hashicorp #612: a window that only fills. */
export const inflightWindowNeverFreed: PlantedBug = {
  name: 'inflight-window-never-freed',
  classes: ['3.6 stuck replication'],
  seen: 'hashicorp #612: a window that only fills',
  patches: [
    {
      file: 'packages/raft-core/src/role/leader.ts',
      find: '      peer.inflights.freeUpTo(index);',
      replace: '      if (raft.log.commit < 0) peer.inflights.freeUpTo(index);',
    },
  ],
  breaks: 'After as many appends as the window holds a follower gets no more.',
  expected: ['liveness'],
};
