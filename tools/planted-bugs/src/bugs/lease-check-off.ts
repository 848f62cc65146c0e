import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 4.2.3; hashicorp #524: a node that is no voter any more unseats leaders for ever. */
export const leaseCheckOff: PlantedBug = {
  name: 'lease-check-off',
  classes: ['row 17', '3.6 non-voter'],
  seen: 'Thesis, section 4.2.3; hashicorp #524: a node that is no voter any more unseats leaders for ever',
  patches: [
    {
      file: 'packages/raft-core/src/role/election.ts',
      find: '  if (!raft.config.checkQuorum || message.context === TRANSFER_CONTEXT) return false;',
      replace: '  if (raft.config.checkQuorum || message.context === TRANSFER_CONTEXT) return false;',
    },
  ],
  breaks:
    'Votes are given to whoever asks while the leader is heard; with links of one direction leadership moves for ever.',
  expected: ['stable-leadership', 'liveness'],
  scenario: 'half-seen-leader',
};
