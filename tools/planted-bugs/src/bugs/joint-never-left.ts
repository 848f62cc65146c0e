import type { PlantedBug } from '../planted-bug.js';

/** etcd #12136, #12359. */
export const jointNeverLeft: PlantedBug = {
  name: 'joint-never-left',
  classes: ['row 15', '3.6 joint never left'],
  seen: 'etcd #12136, #12359',
  patches: [
    {
      file: 'packages/raft-core/src/replication/applied.ts',
      find: '  if (configuration.autoLeave && raft.role === Role.Leader && applied >= raft.pendingConfIndex) leaveJoint(raft);',
      replace: '  if (configuration.autoLeave && raft.role === Role.Leader && applied === 0) leaveJoint(raft);',
    },
  ],
  breaks: 'A replacement stops half way: both halves count for ever, and no other change is possible.',
  expected: ['liveness'],
};
