import type { PlantedBug } from '../planted-bug.js';

/** A compaction that keeps one entry too few. */
export const compactionDropsEntries: PlantedBug = {
  name: 'compaction-drops-entries',
  classes: ['row 10'],
  seen: 'A compaction that keeps one entry too few',
  patches: [
    {
      file: 'packages/storage/src/segmented-log/compaction.ts',
      find: '  return entries.slice(Math.max(0, extent.first - first), Math.max(0, extent.last - first + 1));',
      replace: '  return entries.slice(Math.max(0, extent.first - first), Math.max(0, extent.last - first));',
    },
  ],
  breaks: 'The last entry of each compacted run is gone after a restart.',
  expected: ['node-recovers', 'promises-kept'],
};
