import type { PlantedBug } from '../planted-bug.js';

/** etcd/raft #456, #469, etcd #7280, #11284. */
export const campaignOverAnUnappliedChange: PlantedBug = {
  name: 'campaign-over-an-unapplied-change',
  classes: ['row 14'],
  seen: 'etcd/raft #456, #469, etcd #7280, #11284',
  patches: [
    {
      file: 'packages/raft-core/src/role/election.ts',
      find: ["  if (raft.log.hasUnapplied(isConfChange)) return ignoreCampaign(raft, 'pending-conf-change');", ''].join(
        '\n',
      ),
      replace: ['  if (raft.log.applied < 0 && raft.log.hasUnapplied(isConfChange)) return;', ''].join('\n'),
    },
  ],
  breaks: 'A node campaigns in a configuration that was left long ago: two leaders of one term.',
  expected: ['election-by-quorum', 'election-safety'],
  scenario: 'change-on-a-hung-disk',
};
