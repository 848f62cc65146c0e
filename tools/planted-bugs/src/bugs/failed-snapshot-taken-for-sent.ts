import type { PlantedBug } from '../planted-bug.js';

/** etcd/raft: a failed snapshot reported as a success. */
export const failedSnapshotTakenForSent: PlantedBug = {
  name: 'failed-snapshot-taken-for-sent',
  classes: ['row 11'],
  seen: 'etcd/raft: a failed snapshot reported as a success',
  patches: [
    {
      file: 'packages/raft-core/src/role/leader.ts',
      find: ['  if (!succeeded) peer.pendingSnapshot = 0;', ''].join('\n'),
      replace: ['  if (!succeeded) peer.match = Math.max(peer.match, peer.pendingSnapshot);', ''].join('\n'),
    },
  ],
  breaks: 'A follower that got nothing counts as one that holds all up to the snapshot.',
  expected: ['committed-on-quorum'],
  scenario: 'broken-snapshot',
};
