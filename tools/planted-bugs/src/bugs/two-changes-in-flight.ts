import type { PlantedBug } from '../planted-bug.js';

/** hydro #3192; thesis, section 4.1. */
export const twoChangesInFlight: PlantedBug = {
  name: 'two-changes-in-flight',
  classes: ['row 14', '3.6 two changes'],
  seen: 'hydro #3192; thesis, section 4.1',
  patches: [
    {
      file: 'packages/raft-core/src/replication/proposal.ts',
      find: ["  if (raft.pendingConfIndex > raft.log.applied) return 'pending';", ''].join('\n'),
      replace: '',
    },
  ],
  breaks: 'A second change is made while the first is not applied.',
  expected: ['one-configuration-history', 'one-change-in-flight'],
  focus: ['join', 'remove', 'replace', 'remove-leader', 'transfer', 'isolation', 'slow-disk'],
};
