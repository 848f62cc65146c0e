import type { PlantedBug } from '../planted-bug.js';

/** openraft #1802. */
export const commitFromUnsortedMatches: PlantedBug = {
  name: 'commit-from-unsorted-matches',
  classes: ['3.6 unsorted vector'],
  seen: 'openraft #1802',
  patches: [
    {
      file: 'packages/raft-core/src/quorum/majority.ts',
      find: '    while (at >= 0 && (indexes[at] as number) > value) {',
      replace: '    while (at >= count && (indexes[at] as number) > value) {',
    },
  ],
  breaks: 'What the voter in the middle of the list has is taken for what a majority has.',
  expected: ['committed-on-quorum', 'leader-completeness'],
};
