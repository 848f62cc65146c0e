import type { PlantedBug } from '../planted-bug.js';

/** NATS 2.12.1, etcd #14370. */
export const acknowledgedBeforeTheDisk: PlantedBug = {
  name: 'acknowledged-before-the-disk',
  classes: ['row 7'],
  seen: 'NATS 2.12.1, etcd #14370',
  patches: [
    {
      file: 'packages/raft-core/src/role/raft.ts',
      find: '    this.sendAfterAppend(scalarMessage(MessageType.AppResp, to, this.id, this.term, 0, index, 0, 0));',
      replace: [
        '    const message = scalarMessage(MessageType.AppResp, to, this.id, this.term, 0, index, 0, 0);',
        '    if (to === this.id) this.sendAfterAppend(message);',
        '    else this.send(message);',
      ].join('\n'),
    },
  ],
  breaks: 'A power failure takes away what a follower has acknowledged.',
  expected: ['committed-on-quorum', 'acknowledged-present'],
};
