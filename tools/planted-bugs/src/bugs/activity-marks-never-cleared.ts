import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 6.2: whoever was heard once counts for ever. */
export const activityMarksNeverCleared: PlantedBug = {
  name: 'activity-marks-never-cleared',
  classes: ['row 19'],
  seen: 'Thesis, section 6.2: whoever was heard once counts for ever',
  patches: [
    {
      file: 'packages/raft-core/src/role/check-quorum.ts',
      find: '    if (progress.id !== raft.id) progress.recentActive = false;',
      replace: '    if (progress.id === raft.id) progress.recentActive = true;',
    },
  ],
  breaks: 'A quorum check never fails again after the first round: a leader that hears nobody leads on.',
  expected: ['liveness'],
  scenario: 'deaf-leader',
};
