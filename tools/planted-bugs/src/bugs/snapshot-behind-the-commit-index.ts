import type { PlantedBug } from '../planted-bug.js';

/** etcd #18055: a second snapshot, older than what is there. */
export const snapshotBehindTheCommitIndex: PlantedBug = {
  name: 'snapshot-behind-the-commit-index',
  classes: ['row 12'],
  seen: 'etcd #18055: a second snapshot, older than what is there',
  patches: [
    {
      file: 'packages/cluster/src/snapshot/snapshot-receiver.ts',
      find: '    if (snapshot.index <= group.raw.commit) {',
      replace: '    if (snapshot.index < 0) {',
    },
    {
      file: 'packages/raft-core/src/replication/receive-snapshot.ts',
      find: ['  if (snapshot.index <= log.commit) return false;', ''].join('\n'),
      replace: ['  if (snapshot.index < log.firstIndex) return false;', ''].join('\n'),
    },
  ],
  breaks: 'A late snapshot takes the place of a log that has gone on.',
  expected: ['monotonic-commit', 'no-stopped-group'],
  scenario: 'late-snapshot',
};
