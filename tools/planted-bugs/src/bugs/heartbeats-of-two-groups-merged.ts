import type { PlantedBug } from '../planted-bug.js';

/** shaj13/raft #32. */
export const heartbeatsOfTwoGroupsMerged: PlantedBug = {
  name: 'heartbeats-of-two-groups-merged',
  classes: ['3.6 merged heartbeats', 'row 25'],
  seen: 'shaj13/raft #32',
  patches: [
    {
      file: 'packages/wire/src/raft-batch/heartbeat-columns.ts',
      find: ['    commit: readColumn(reader, count, true),', ''].join('\n'),
      replace: ['    commit: readColumn(reader, count, true).map((_, __, all) => Math.max(...all)),', ''].join('\n'),
    },
  ],
  breaks: "One group learns of another's commit index.",
  expected: ['state-machine-safety', 'committed-on-quorum'],
};
