import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, figure 2, AppendEntries rule 5. */
export const appendCommitsBeyondItsEntries: PlantedBug = {
  name: 'append-commits-beyond-its-entries',
  classes: ['3.6 commit index'],
  seen: 'Raft paper, figure 2, AppendEntries rule 5',
  patches: [
    {
      file: 'packages/raft-core/src/role/follower.ts',
      find: '    log.commitTo(Math.min(message.commit, last));',
      replace: '    log.commitTo(Math.min(message.commit, log.lastIndex));',
    },
  ],
  breaks: "A follower commits the rest of its own log, which the append has not shown to be the leader's.",
  expected: ['state-machine-safety', 'log-matching'],
};
