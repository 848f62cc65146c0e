import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 6.3: what was acknowledged must not be applied any more. */
export const acknowledgedCommandAppliedAgain: PlantedBug = {
  name: 'acknowledged-command-applied-again',
  classes: ['row 9'],
  seen: 'Thesis, section 6.3: what was acknowledged must not be applied any more',
  patches: [
    {
      file: 'packages/cluster/src/session/session-state-machine.ts',
      find: '    if (sequence <= session.acknowledged) {',
      replace: '    if (sequence < 0) {',
    },
  ],
  breaks: 'An attempt that was delayed is applied after its client has gone on.',
  expected: ['linearizability', 'exactly-once'],
  scenario: 'late-attempt',
};
