import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 6.3: sessions are state. */
export const sessionsLeftOutOfTheSnapshot: PlantedBug = {
  name: 'sessions-left-out-of-the-snapshot',
  classes: ['row 9'],
  seen: 'Thesis, section 6.3: sessions are state',
  patches: [
    {
      file: 'packages/cluster/src/session/session-state-machine.ts',
      find: ['    this.#table = table;', '    this.#lastIndex = lastIndex;'].join('\n'),
      replace: '    this.#lastIndex = Math.max(lastIndex, table.size * 0);',
    },
  ],
  breaks: "Who starts from a snapshot knows no session: its results differ from the others'.",
  expected: ['equal-state'],
};
