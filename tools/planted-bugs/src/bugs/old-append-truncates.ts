import type { PlantedBug } from '../planted-bug.js';

/** Raft paper, section 5.3: only a conflict deletes entries. */
export const oldAppendTruncates: PlantedBug = {
  name: 'old-append-truncates',
  classes: ['row 25', 'row 24'],
  seen: 'Raft paper, section 5.3: only a conflict deletes entries',
  patches: [
    {
      file: 'packages/raft-core/src/log/raft-log.ts',
      find: [
        '    const from = this.findConflict(entries);',
        '    if (from < entries.length) this.truncateAndAppend(entries, from);',
      ].join('\n'),
      replace: '    if (entries.length > 0) this.truncateAndAppend(entries, 0);',
    },
  ],
  breaks: 'An append that is delivered again cuts off what was acknowledged behind it.',
  expected: ['committed-on-quorum', 'no-stopped-group'],
};
