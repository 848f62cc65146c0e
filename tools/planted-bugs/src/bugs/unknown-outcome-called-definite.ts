import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft: aborted reads. */
export const unknownOutcomeCalledDefinite: PlantedBug = {
  name: 'unknown-outcome-called-definite',
  classes: ['row 23'],
  seen: 'RedisRaft: aborted reads',
  patches: [
    {
      file: 'packages/cluster/src/group/group-requests.ts',
      find: [
        '    this.table.failAll(unknown);',
        '    this.confChanges.failAll(unknown);',
        '    this.reads.failUnconfirmed',
      ].join('\n'),
      replace: [
        '    this.table.failAll(() => this.notLeader());',
        '    this.confChanges.failAll(unknown);',
        '    this.reads.failUnconfirmed',
      ].join('\n'),
    },
  ],
  breaks: 'A proposal in the log of a former leader is said to have failed, and is committed later.',
  expected: ['linearizability'],
};
