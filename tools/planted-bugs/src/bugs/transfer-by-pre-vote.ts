import type { PlantedBug } from '../planted-bug.js';

/** canonical/raft #203: the target of a transfer asks for pre-votes and is undone by a heartbeat. */
export const transferByPreVote: PlantedBug = {
  name: 'transfer-by-pre-vote',
  classes: ['3.6 pre-vote undone'],
  seen: 'canonical/raft #203: the target of a transfer asks for pre-votes and is undone by a heartbeat',
  patches: [
    {
      file: 'packages/raft-core/src/role/follower.ts',
      find: "      startElection(raft, 'transfer');",
      replace: "      startElection(raft, raft.config.preVote ? 'pre-election' : 'transfer');",
    },
  ],
  breaks: 'Nobody grants a pre-vote while the leader is heard: leadership is never handed over.',
  expected: ['liveness'],
};
