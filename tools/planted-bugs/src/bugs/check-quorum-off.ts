import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 6.2: a leader that can send but not hear. */
export const checkQuorumOff: PlantedBug = {
  name: 'check-quorum-off',
  classes: ['row 18', 'row 19'],
  seen: 'Thesis, section 6.2: a leader that can send but not hear',
  patches: [
    {
      file: 'packages/raft-core/src/role/check-quorum.ts',
      find: '  if (!raft.tracker.quorumActive()) {',
      replace: '  if (raft.tracker.progress.length === 0) {',
    },
  ],
  breaks: 'A leader whose peers are not heard leads on: they follow its heartbeats, and nothing is ever committed.',
  expected: ['liveness'],
  scenario: 'deaf-leader',
};
