import type { PlantedBug } from '../planted-bug.js';

/** A replacement that changes two voters in one step. */
export const jointEnteredAsSimple: PlantedBug = {
  name: 'joint-entered-as-simple',
  classes: ['row 15', 'row 16'],
  seen: 'A replacement that changes two voters in one step',
  patches: [
    {
      file: 'packages/raft-core/src/conf-change/changer.ts',
      find: [
        '    for (const id of configuration.voters) draft.votersOutgoing.add(id);',
        '    draft.apply(changes);',
        "    if (draft.voters.size === 0) return refused('removed all voters');",
        '    draft.autoLeave = autoLeave;',
      ].join('\n'),
      replace: [
        '    draft.apply(changes);',
        "    if (draft.voters.size === 0) return refused('removed all voters');",
        '    draft.autoLeave = autoLeave && draft.votersOutgoing.size > 0;',
      ].join('\n'),
    },
  ],
  breaks:
    'One voter is exchanged for another in one step: majorities of the old and of the new configuration need not meet.',
  expected: ['one-configuration-history', 'election-by-quorum'],
};
