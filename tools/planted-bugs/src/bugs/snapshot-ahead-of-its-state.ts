import type { PlantedBug } from '../planted-bug.js';

/** etcd 3.5 #13766: applied index and state saved apart. */
export const snapshotAheadOfItsState: PlantedBug = {
  name: 'snapshot-ahead-of-its-state',
  classes: ['row 8'],
  seen: 'etcd 3.5 #13766: applied index and state saved apart',
  patches: [
    {
      file: 'packages/cluster/src/snapshot/group-snapshots.ts',
      find: ['  const index = group.appliedIndex;', '  const term'].join('\n'),
      replace: ['  const index = Math.min(group.raw.commit, group.log.lastIndex());', '  const term'].join('\n'),
    },
  ],
  breaks:
    'The snapshot says that it holds commands which were not applied to it: they are lost for whoever starts from it.',
  expected: ['equal-state', 'acknowledged-present'],
};
