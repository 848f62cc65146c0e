import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #13, #52; thesis, chapter 6. */
export const commandAppliedTwice: PlantedBug = {
  name: 'command-applied-twice',
  classes: ['row 9'],
  seen: 'RedisRaft #13, #52; thesis, chapter 6',
  patches: [
    {
      file: 'packages/cluster/src/session/session-state-machine.ts',
      find: '    if (session.results.has(sequence)) {',
      replace: '    if (session.results.has(-sequence)) {',
    },
  ],
  breaks: 'A retry is applied once more.',
  expected: ['linearizability', 'exactly-once'],
};
