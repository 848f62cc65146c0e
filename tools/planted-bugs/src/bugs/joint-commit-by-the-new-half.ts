import type { PlantedBug } from '../planted-bug.js';

/** camunda #60086: the old half is not asked. */
export const jointCommitByTheNewHalf: PlantedBug = {
  name: 'joint-commit-by-the-new-half',
  classes: ['row 15'],
  seen: 'camunda #60086: the old half is not asked',
  patches: [
    {
      file: 'packages/raft-core/src/tracker/progress-tracker.ts',
      find: [
        '    const incoming = matchedBy(this.incoming);',
        '    return this.outgoing.length === 0 ? incoming : Math.min(incoming, matchedBy(this.outgoing));',
      ].join('\n'),
      replace: '    return matchedBy(this.incoming);',
    },
  ],
  breaks: 'While both halves count, the new one alone commits; the old one may elect a leader without it.',
  expected: ['committed-on-quorum'],
};
