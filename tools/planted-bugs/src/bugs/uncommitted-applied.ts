import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft: effects that are visible and then taken back. */
export const uncommittedApplied: PlantedBug = {
  name: 'uncommitted-applied',
  classes: ['row 23'],
  seen: 'RedisRaft: effects that are visible and then taken back',
  patches: [
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: '    return allowUnstable ? this.commit : Math.min(this.commit, this.unstable.offset - 1);',
      replace: '    return this.unstable.offset - 1;',
    },
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: [
        '    invariant(index <= this.commit, () => `applying ${index}, which is beyond the commit index, ${this.commit}`);',
        '',
      ].join('\n'),
      replace: '',
    },
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: ['      index >= this.applied && index <= this.commit,', ''].join('\n'),
      replace: ['      index >= this.applied,', ''].join('\n'),
    },
  ],
  breaks: 'A replica applies what is on its disk, whether a quorum has it or not.',
  expected: ['state-machine-safety'],
};
