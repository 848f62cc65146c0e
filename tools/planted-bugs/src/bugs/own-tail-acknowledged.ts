import type { PlantedBug } from '../planted-bug.js';

/** A follower that acknowledges the end of its own log. */
export const ownTailAcknowledged: PlantedBug = {
  name: 'own-tail-acknowledged',
  classes: ['row 24'],
  seen: 'A follower that acknowledges the end of its own log',
  patches: [
    {
      file: 'packages/raft-core/src/role/follower.ts',
      find: '    raft.acknowledge(from, last);',
      replace: '    raft.acknowledge(from, log.lastIndex);',
    },
  ],
  breaks: "A tail of an earlier leader counts as a copy of the present one's entries.",
  expected: ['committed-on-quorum'],
};
