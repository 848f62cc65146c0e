import type { PlantedBug } from '../planted-bug.js';

/** matrixone #24966: a snapshot with the membership of an earlier one. */
export const snapshotOfAStaleConfiguration: PlantedBug = {
  name: 'snapshot-of-a-stale-configuration',
  classes: ['row 11', '3.6 stale membership'],
  seen: 'matrixone #24966: a snapshot with the membership of an earlier one',
  patches: [
    {
      file: 'packages/cluster/src/snapshot/group-snapshots.ts',
      find: '  const mark: SnapshotMark = { index, term, confState: group.confState };',
      replace:
        '  const mark: SnapshotMark = { index, term, confState: group.log.snapshotMark?.confState ?? group.confState };',
    },
  ],
  breaks: 'Whoever starts from the snapshot believes in a membership that was left before it.',
  expected: ['one-configuration-history'],
};
