import type { PlantedBug } from '../planted-bug.js';

/** etcd/raft, the ABA of asynchronous writes: a repeated append is acknowledged by its first write. */
export const repeatedAcknowledgementBeforeTheDisk: PlantedBug = {
  name: 'repeated-acknowledgement-before-the-disk',
  classes: ['row 24'],
  seen: 'etcd/raft, the ABA of asynchronous writes: a repeated append is acknowledged by its first write',
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/append-queue.ts',
      find: '      queue.pending !== undefined ? queue.pendingResponses : queue.inFlight ? queue.inFlightResponses : undefined;',
      replace:
        '      queue.pending !== undefined && !queue.inFlight && queue.pending.entries.length === 0 ? queue.pendingResponses : undefined;',
    },
  ],
  breaks: 'An answer without a write of its own overtakes the writes that it speaks of.',
  expected: ['committed-on-quorum'],
};
