import type { PlantedBug } from '../planted-bug.js';

/** Cloudflare 2020, thesis, section 9.6. */
export const preVoteOff: PlantedBug = {
  name: 'pre-vote-off',
  classes: ['row 17', 'row 18'],
  seen: 'Cloudflare 2020, thesis, section 9.6',
  patches: [
    {
      file: 'packages/raft-core/src/role/election.ts',
      find: "  return raft.config.preVote ? 'pre-election' : 'election';",
      replace: "  return raft.config.preVote ? 'election' : 'pre-election';",
    },
  ],
  breaks: 'A node that is cut off campaigns again and again; when it is heard again its term unseats the leader.',
  expected: ['stable-leadership', 'liveness'],
  scenario: 'returning-follower',
};
