import type { PlantedBug } from '../planted-bug.js';

/** Found in this repository: etcd/raft in its asynchronous mode lets requests for votes leave before the disk has the candidate's own. */
export const campaignBeforeTheOwnVoteIsDurable: PlantedBug = {
  name: 'campaign-before-the-own-vote-is-durable',
  classes: ['row 6'],
  seen: "Found in this repository: etcd/raft in its asynchronous mode lets requests for votes leave before the disk has the candidate's own",
  patches: [
    {
      file: 'packages/cluster/src/raft-loop/collect-round.ts',
      find: ['      else if (message.type === MessageType.Vote) (requests ??= []).push(message);', ''].join('\n'),
      replace: '',
    },
  ],
  breaks:
    'Elected by the others, killed and started again, the candidate is elected once more in the same term, with other entries.',
  expected: ['promise-after-durable', 'restart-keeps-promises'],
};
