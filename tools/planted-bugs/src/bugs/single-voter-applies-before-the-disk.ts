import type { PlantedBug } from '../planted-bug.js';

/** etcd #14370, #14413: unstable committed entries of a single voter. */
export const singleVoterAppliesBeforeTheDisk: PlantedBug = {
  name: 'single-voter-applies-before-the-disk',
  classes: ['row 7', '3.6 single voter'],
  seen: 'etcd #14370, #14413: unstable committed entries of a single voter',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/append-queue.ts',
      find: [
        '    for (const response of responses) queue.pendingResponses.push(response);',
        '    return NOTHING;',
        '  }',
        '',
        '  #withoutWrite(',
      ].join('\n'),
      replace: ['    return responses;', '  }', '', '  #withoutWrite('].join('\n'),
    },
  ],
  breaks: 'What the write was to release leaves at once: a put is acknowledged that a power failure takes away.',
  expected: ['committed-on-quorum', 'acknowledged-present'],
};
