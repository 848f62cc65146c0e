import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, figure 8: an entry of an earlier term committed by counting replicas. */
export const figure8: PlantedBug = {
  name: 'figure-8',
  classes: ['row 5'],
  seen: 'Raft paper, figure 8: an entry of an earlier term committed by counting replicas',
  patches: [
    {
      file: 'packages/raft-core/src/replication/append.ts',
      find: '  if (index <= raft.log.commit || !raft.log.matches(index, raft.term)) return false;',
      replace: '  if (index <= raft.log.commit) return false;',
    },
  ],
  breaks:
    'An entry of an earlier term on a majority is taken for committed, and a leader of a later term without it replaces it.',
  expected: ['leader-completeness', 'state-machine-safety'],
  scenario: 'figure-8',
};
