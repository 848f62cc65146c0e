import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, section 6: elections in a joint configuration. */
export const jointVoteByTheNewHalf: PlantedBug = {
  name: 'joint-vote-by-the-new-half',
  classes: ['row 15'],
  seen: 'Raft paper, section 6: elections in a joint configuration',
  patches: [
    {
      file: 'packages/raft-core/src/tracker/progress-tracker.ts',
      find: [
        '      this.outgoing.length === 0',
        '        ? majorityVoteResult(this.incoming.map(voteOf))',
        '        : jointVoteResult(this.incoming.map(voteOf), this.outgoing.map(voteOf));',
      ].join('\n'),
      replace: '      majorityVoteResult(this.incoming.map(voteOf));',
    },
  ],
  breaks: 'While both halves count, the new one alone elects.',
  expected: ['election-by-quorum', 'election-safety'],
  scenario: 'joint-without-the-old-half',
};
