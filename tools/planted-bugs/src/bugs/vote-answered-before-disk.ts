import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, figure 2, persistent state: written before an RPC is answered. */
export const voteAnsweredBeforeDisk: PlantedBug = {
  name: 'vote-answered-before-disk',
  classes: ['row 6'],
  seen: 'Raft paper, figure 2, persistent state: written before an RPC is answered',
  patches: [
    {
      file: 'packages/raft-core/src/role/election.ts',
      find: [
        '  raft.sendAfterAppend(scalarMessage(responseType(type), from, raft.id, message.term, 0, 0, 0, 0));',
        '  if (isPreVote) return;',
      ].join('\n'),
      replace: [
        '  raft.send(scalarMessage(responseType(type), from, raft.id, message.term, 0, 0, 0, 0));',
        '  if (isPreVote) return;',
      ].join('\n'),
    },
  ],
  breaks: 'The answer leaves while the vote is on its way to the disk; a crash in between forgets the vote.',
  expected: ['one-vote'],
};
