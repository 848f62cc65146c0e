import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, figure 2, AppendEntries rule 1. */
export const oldLeaderObeyed: PlantedBug = {
  name: 'old-leader-obeyed',
  classes: ['row 5', 'row 16'],
  seen: 'Raft paper, figure 2, AppendEntries rule 1',
  patches: [
    {
      file: 'packages/raft-core/src/role/step.ts',
      find: ['    if (message.term < raft.term) {', ''].join('\n'),
      replace: [
        '    if (message.term < raft.term && (message.type !== MessageType.App || raft.role === Role.Leader)) {',
        '',
      ].join('\n'),
    },
  ],
  breaks: 'Appends of a deposed leader are taken, and the term falls back to its own.',
  expected: ['monotonic-term'],
};
