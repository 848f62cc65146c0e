import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 4.2.1: learners have no vote. */
export const learnerCountedInTheQuorum: PlantedBug = {
  name: 'learner-counted-in-the-quorum',
  classes: ['row 16'],
  seen: 'Thesis, section 4.2.1: learners have no vote',
  patches: [
    {
      file: 'packages/raft-core/src/tracker/progress-tracker.ts',
      find: ['    const incoming = matchedBy(this.incoming);', '    return'].join('\n'),
      replace: [
        '    const matches = this.progress.map(({ match }) => match).sort((a, b) => b - a);',
        '    const incoming = matches[this.incoming.length >> 1] ?? 0;',
        '    return',
      ].join('\n'),
    },
  ],
  breaks: 'An entry on a voter and a learner of a group of two voters is taken for committed.',
  expected: ['committed-on-quorum'],
};
