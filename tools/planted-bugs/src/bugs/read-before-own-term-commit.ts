import type { PlantedBug } from '../planted-bug.js';

/** etcd #7331, TiKV #9240. */
export const readBeforeOwnTermCommit: PlantedBug = {
  name: 'read-before-own-term-commit',
  classes: ['row 2', '3.6 read before own term'],
  seen: 'etcd #7331, TiKV #9240',
  patches: [
    {
      file: 'packages/raft-core/src/read-index/read-index.ts',
      find: ['  if (raft.committedInTerm) startRead(raft, request);', '  else raft.postponedReads.push(request);'].join(
        '\n',
      ),
      replace: '  startRead(raft, request);',
    },
  ],
  breaks: 'The commit index of a new leader may lag behind what its predecessor acknowledged.',
  expected: ['linearizability'],
  scenario: 'read-at-a-new-leader',
};
