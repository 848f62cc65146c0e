import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 9.6: a pre-vote must change nothing. */
export const preVoteRaisesTheTerm: PlantedBug = {
  name: 'pre-vote-raises-the-term',
  classes: ['row 17'],
  seen: 'Thesis, section 9.6: a pre-vote must change nothing',
  patches: [
    {
      file: 'packages/raft-core/src/role/transition.ts',
      find: ['  raft.tracker.resetVotes();', '  raft.leader = 0;', '  enter(raft, Role.PreCandidate);'].join('\n'),
      replace: [
        '  raft.term++;',
        '  raft.vote = 0;',
        '  raft.tracker.resetVotes();',
        '  raft.leader = 0;',
        '  enter(raft, Role.PreCandidate);',
      ].join('\n'),
    },
  ],
  breaks: 'A node that is cut off raises its term at each timeout and unseats the leader when it is heard again.',
  expected: ['stable-leadership', 'liveness'],
};
