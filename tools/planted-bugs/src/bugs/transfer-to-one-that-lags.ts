import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 3.10: the target must have the whole log. */
export const transferToOneThatLags: PlantedBug = {
  name: 'transfer-to-one-that-lags',
  classes: ['3.6 transfer'],
  seen: 'Thesis, section 3.10: the target must have the whole log',
  patches: [
    {
      file: 'packages/raft-core/src/role/leadership-transfer.ts',
      find: '  if (target.match === raft.log.lastIndex) {',
      replace: '  if (target.match <= raft.log.lastIndex) {',
    },
  ],
  breaks: 'A target that lacks entries is told to campaign: it loses, and the group is without a leader for nothing.',
  expected: ['transfer-to-caught-up'],
};
