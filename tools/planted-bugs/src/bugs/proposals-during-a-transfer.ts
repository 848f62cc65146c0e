import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 3.10: a leader that hands over takes no more proposals. */
export const proposalsDuringATransfer: PlantedBug = {
  name: 'proposals-during-a-transfer',
  classes: ['3.6 transfer'],
  seen: 'Thesis, section 3.10: a leader that hands over takes no more proposals',
  patches: [
    {
      file: 'packages/raft-core/src/replication/proposal.ts',
      find: ["  if (raft.transferee !== 0) return refuse(raft, 'transferring');", ''].join('\n'),
      replace: '',
    },
  ],
  breaks:
    'The target never has all of a log that goes on growing, and what is appended last is lost with the leadership.',
  expected: ['no-proposal-in-transfer'],
};
