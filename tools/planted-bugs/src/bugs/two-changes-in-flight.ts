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
    {
      file: 'packages/cluster/src/raft-loop/learner-watch.ts',
      find: ['      requests.confChangesInFlight === 0 &&', '      raw.pendingConfIndex <= group.appliedIndex &&'].join(
        '\n',
      ),
      replace: '      requests.confChangesInFlight < 3 &&',
    },
  ],
  breaks:
    'A second change is made while the first is not applied. The guards of the core and of promotions go together: each is enough.',
  expected: ['one-configuration-history', 'one-change-in-flight'],
};
