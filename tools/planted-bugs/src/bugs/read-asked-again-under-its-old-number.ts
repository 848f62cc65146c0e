import type { PlantedBug } from '../planted-bug.js';

/** etcd #20418: a retried read index takes the answer to its first question. */
export const readAskedAgainUnderItsOldNumber: PlantedBug = {
  name: 'read-asked-again-under-its-old-number',
  classes: ['row 3', '3.6 old heartbeat reply'],
  seen: 'etcd #20418: a retried read index takes the answer to its first question',
  patches: [
    {
      file: 'packages/cluster/src/group/read-queue.ts',
      find: ['    first.context = context;', '    first.askedAt = tick;'].join('\n'),
      replace: '    first.askedAt = tick;',
    },
    {
      file: 'packages/cluster/src/group/group-requests.ts',
      find: [
        '      this.reads.askAgain(this.#nextContext(), tick, this.#host.now());',
        '      raw.readIndex(this.#readContext);',
      ].join('\n'),
      replace: [
        '      this.reads.askAgain(this.#readContext, tick, this.#host.now());',
        '      for (let asked = 1; asked <= this.#readContext; asked++) raw.readIndex(asked);',
      ].join('\n'),
    },
  ],
  breaks: 'Reads that were asked later are put under an earlier question, whose answer may be on its way already.',
  expected: ['linearizability'],
  scenario: 'delayed-read-answers',
};
