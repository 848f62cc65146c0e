import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #18, etcd #3879: reads before replay ends. */
export const readBeforeItIsApplied: PlantedBug = {
  name: 'read-before-it-is-applied',
  classes: ['row 22'],
  seen: 'RedisRaft #18, etcd #3879: reads before replay ends',
  patches: [
    {
      file: 'packages/cluster/src/group/read-queue.ts',
      find: '((batch.index ?? 0) <= applied ? ready : waiting).push(batch);',
      replace: '((batch.index ?? 0) <= applied + 1_000_000 ? ready : waiting).push(batch);',
    },
  ],
  breaks: 'A read with a confirmed index is served from a state that has not got there.',
  expected: ['linearizability'],
};
