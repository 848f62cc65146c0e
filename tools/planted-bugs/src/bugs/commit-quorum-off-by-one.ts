import type { PlantedBug } from '../planted-bug.js';

/** One acknowledgement too few. */
export const commitQuorumOffByOne: PlantedBug = {
  name: 'commit-quorum-off-by-one',
  classes: ['3.6 quorum'],
  seen: 'One acknowledgement too few',
  patches: [
    {
      file: 'packages/raft-core/src/quorum/majority.ts',
      find: '  return indexes[count - ((count >> 1) + 1)] as number;',
      replace: '  return indexes[count - Math.max(1, count >> 1)] as number;',
    },
  ],
  breaks: 'Half of the voters commit.',
  expected: ['committed-on-quorum', 'leader-completeness'],
};
