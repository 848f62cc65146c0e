import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #43, hashicorp #697, etcd #7470: snapshot and log disagree after a restart. */
export const logOnDiskKeptAtInstall: PlantedBug = {
  name: 'log-on-disk-kept-at-install',
  classes: ['row 11'],
  seen: 'RedisRaft #43, hashicorp #697, etcd #7470: snapshot and log disagree after a restart',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/append-queue.ts',
      find: [
        '  write.snapshotMark = { index: mark.index, term: mark.term, confState: mark.confState };',
        '  write.resetLog = true;',
      ].join('\n'),
      replace: '  write.snapshotMark = { index: mark.index, term: mark.term, confState: mark.confState };',
    },
  ],
  breaks: 'The log on disk keeps entries that the snapshot replaced.',
  expected: ['no-stopped-group', 'node-recovers', 'log-matching'],
};
