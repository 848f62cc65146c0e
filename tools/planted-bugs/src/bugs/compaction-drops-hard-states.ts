import type { PlantedBug } from '../planted-bug.js';

/** An idle group's vote goes with the segment that holds it. */
export const compactionDropsHardStates: PlantedBug = {
  name: 'compaction-drops-hard-states',
  classes: ['row 6', 'row 8'],
  seen: "An idle group's vote goes with the segment that holds it",
  patches: [
    {
      file: 'packages/storage/src/segmented-log/compaction.ts',
      find: '  const hardState = write.hardState !== undefined && sequence === group.hardStateSequence ? write.hardState : undefined;',
      replace:
        '  const hardState = write.hardState !== undefined && sequence > group.hardStateSequence ? write.hardState : undefined;',
    },
  ],
  breaks: 'After compaction and restart a group has forgotten its term and its vote.',
  expected: ['monotonic-term', 'one-vote'],
};
