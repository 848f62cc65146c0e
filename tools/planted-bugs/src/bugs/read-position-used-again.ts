import type { PlantedBug } from '../planted-bug.js';

/** etcd #20418: a read confirmed by an answer to an earlier question. */
export const readPositionUsedAgain: PlantedBug = {
  name: 'read-position-used-again',
  classes: ['row 3', '3.6 old heartbeat reply'],
  seen: 'etcd #20418: a read confirmed by an answer to an earlier question',
  patches: [
    {
      file: 'packages/raft-core/src/read-index/read-queue.ts',
      find: ['    this.confirmed += count;', ''].join('\n'),
      replace: '',
    },
  ],
  breaks: 'Positions of reads begin anew whenever the queue is empty, and old answers confirm new reads.',
  expected: ['linearizability'],
  scenario: 'isolated-leader',
};
