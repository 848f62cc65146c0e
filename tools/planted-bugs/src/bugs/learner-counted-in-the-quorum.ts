import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 4.2.1: learners have no vote. */
export const learnerCountedInTheQuorum: PlantedBug = {
  name: 'learner-counted-in-the-quorum',
  classes: ['row 16'],
  seen: 'Thesis, section 4.2.1: learners have no vote',
  patches: [
    {
      file: 'packages/raft-core/src/tracker/progress-tracker.ts',
      find: '    this.incoming = this.resolve(configuration.voters);',
      replace: '    this.incoming = this.resolve([...configuration.voters, ...configuration.learners]);',
    },
  ],
  breaks: 'An entry on a voter and a learner of a group of two voters is taken for committed.',
  expected: ['committed-on-quorum'],
};
